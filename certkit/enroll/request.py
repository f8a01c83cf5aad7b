"""A key that never leaves the laptop: a request goes to the lead, and the answer finds the key again.

The key waits in `requests/` below the application's folder, under the pin of its public half.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from certkit import files
from certkit.enroll.bundle import Bundle
from certkit.errors import MalformedError, MissingError
from certkit.files import Owner
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner


def create(out: Path) -> None:
    """Make a key, keep it, and write the request for it to `out`, which must not be there yet."""
    key = keys.generate("p256")
    place = _place(keys.public_pin(key.public_key()))
    files.make_private_directory(place.parent)
    files.write(place, keys.to_pem(key), replace=False)
    try:
        files.write(out, requests.make(KeySigner(key)), mode=0o644, replace=False)
    except BaseException:
        place.unlink()
        raise


def complete(answer: Bundle, elsewhere: Iterable[tuple[Path, Owner | None]] = ()) -> Bundle:
    """Put the key into the answer to its request; a bundle that has a key is given back as it is.

    The key waits here, or is in use in one of the files `elsewhere`, each read as its user. Raises MissingError if it
    is in none.
    """
    if answer.key is not None:
        return answer
    certificate = certificates.load(answer.certificate)
    for path, owner in ((_place_for(answer), None), *elsewhere):
        with contextlib.suppress(MissingError, MalformedError), files.acting_as(owner):
            key = keys.load(files.read(path))
            if keys.matches(key, certificate):
                return replace(answer, key=keys.to_pem(key))
    raise MissingError(
        "the key for this certificate is not here",
        "Enroll as the user and on the machine that made the request, or make another: certkit enroll --request FILE",
    )


def forget(bundle: Bundle) -> None:
    """Remove the key that waited, once it is in its place."""
    _place_for(bundle).unlink(missing_ok=True)


def _place_for(bundle: Bundle) -> Path:
    return _place(keys.public_pin(keys.public_of(certificates.load(bundle.certificate))))


def _place(pin: bytes) -> Path:
    return files.application_directory() / "requests" / f"{pin.hex()}.pem"
