"""Files that are named on a command line: read from a path or a pipe, and recognized where the wrong one is given."""

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from certkit import files
from certkit.errors import MalformedError, RefusedError
from certkit.pki.keys import WrongPassphraseError

Wanted = Literal["bundle", "request", "backup", "list of people", "roster"]

_WHAT = {
    "backup": "a backup of a team's home, with the keys of its authorities",
    "bundle": "a bundle to enroll with",
    "request": "a request for a certificate",
    "key": "a private key",
    "certificate": "a certificate",
}
_ITS_PLACE = {
    "backup": "Whoever runs certkit for the team makes the home from it: certkit restore {path}",
    "bundle": "On the machine that it is for: certkit enroll {path}",
    "request": "Send it to whoever runs certkit for the team; they answer it: certkit sign {path}",
}
_WANTED = {
    "bundle": "Name the bundle, or the answer to your request.",
    "request": "Name a request: certkit enroll --request FILE makes one.",
    "backup": "Name what certkit backup has written.",
    "roster": "Name a text in YAML, as certkit apply --help shows it.",
    "list of people": "Name a text in CSV, with the line person,device first.",
}
_ALARM = "No laptop should have it: tell whoever runs certkit for your team, and remove it here."


def path_of(named: Path) -> Path:
    """Return the path of what was named: `-` is standard input."""
    return files.STDIN if str(named) == "-" else named


def read(named: Path, wanted: Wanted, limit: int) -> bytes:
    """Return a file's content; a text as UTF-8, also where it was saved in UTF-16.

    Raises MalformedError for what is empty, known to be something else, or larger than `limit` bytes.
    """
    path = path_of(named)
    content = files.as_utf8(files.read(path, limit=max(limit, files.READ_LIMIT), pipes=True))
    if not content.strip():
        raise _empty(path, wanted)
    found = _kind(content)
    if found and found != wanted:
        raise MalformedError(f"{path} is {_WHAT[found]}, no {wanted}", _remedy(found, wanted, path))
    if len(content) > limit:
        raise MalformedError(f"{path} is larger than {limit} bytes", _WANTED[wanted])
    return content


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let what is wrong with a file's content name the file."""
    try:
        yield
    except (MalformedError, RefusedError, WrongPassphraseError) as error:
        raise error.about(path) from None


def _empty(path: Path, wanted: Wanted) -> MalformedError:
    if files.is_standard_input(path):
        remedy = f"See why nothing came there: in CI, whether the secret with the {wanted} is set."
        return MalformedError("standard input is empty", remedy, code="input-empty")
    return MalformedError(f"{path} is empty", _WANTED[wanted], code="input-empty", path=path)


def _kind(content: bytes) -> str:
    """Recognize what certkit and OpenSSL write; return an empty text for anything else."""
    if content.startswith(b"certkit\x01"):
        return "backup"
    marks = {
        b'"certkit bundle"': "bundle",
        b'"certkit sealed bundle"': "bundle",
        b"CERTIFICATE REQUEST-----": "request",
        b"PRIVATE KEY-----": "key",
        b"-----BEGIN CERTIFICATE-----": "certificate",
    }
    return next((kind for mark, kind in marks.items() if mark in content), "")


def _remedy(found: str, wanted: Wanted, path: Path) -> str:
    if found == "backup" and wanted == "bundle":
        return _ALARM
    if found in _ITS_PLACE:
        return _ITS_PLACE[found].format(path=shlex.quote(str(path)))
    return _WANTED[wanted] + (" Keep the key to yourself." if found == "key" else "")
