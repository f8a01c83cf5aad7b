"""A key that never leaves the laptop: a request goes to the lead, and the answer finds the key again.

The key waits in `requests/` below the application's folder, under the pin of its public half.
"""

import contextlib
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from certkit import files
from certkit.earthly.user import User
from certkit.enroll.bundle import Bundle
from certkit.errors import MalformedError, MissingError
from certkit.pki import keys, requests
from certkit.pki.signer import KeySigner

_KEY = r"([0-9a-f]{64}|code-[0-9a-f]+)\.pem"
"""What a key is called that waits: for the answer to a request, or for a code to be used again."""


def create(user: User, put: Callable[[bytes], object]) -> None:
    """Make a key, keep it, and give the request for it, PEM, to `put`; if that fails, nothing is kept."""
    key = keys.generate("p256")
    place = _place(user.data, keys.public_pin(key.public_key()))
    with files.acting_as(user.owner):
        files.make_key_directory(place.parent)
        files.write(place, keys.to_pem(key), replace=False)
        try:
            put(requests.make(KeySigner(key)))
        except BaseException:
            place.unlink()
            raise


def complete(user: User, answer: Bundle, elsewhere: Iterable[Path] = ()) -> Bundle:
    """Put the key into the answer to its request; return a bundle that has a key as it is.

    The key waits here, or is in use in one of the files `elsewhere`. Raises MissingError if it is in none.
    """
    if answer.key is not None:
        return answer
    for path in (*_places_for(user, answer), *elsewhere):
        with contextlib.suppress(MissingError, MalformedError), files.acting_as(user.owner):
            key = keys.load(files.read(path))
            if keys.matches(key, answer.certificate):
                return replace(answer, key=key)
    raise MissingError(
        "the key for this certificate is not here",
        "Enroll as the user and on the machine that made the request.",
        code="request-key-missing",
    )


def forget(user: User, bundle: Bundle) -> None:
    """Remove the key that waited, once it is in its place."""
    with files.acting_as(user.owner):
        for place in _places_for(user, bundle):
            place.unlink(missing_ok=True)


def waiting(user: User) -> list[Path]:
    """Return the keys that wait for an answer."""
    with files.acting_as(user.owner):
        folders = [folder / "requests" for folder in user.places]
        found = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
        return sorted(path for path in found if re.fullmatch(_KEY, path.name))


def withdraw(user: User, waiting_keys: Iterable[Path]) -> None:
    """Remove keys that wait: answers to their requests are of no use any more."""
    with files.acting_as(user.owner):
        for path in waiting_keys:
            path.unlink(missing_ok=True)


def _places_for(user: User, bundle: Bundle) -> list[Path]:
    pin = keys.public_pin(keys.public_of(bundle.certificate))
    return [_place(folder, pin) for folder in user.places]


def _place(folder: Path, pin: bytes) -> Path:
    return folder / "requests" / f"{pin.hex()}.pem"
