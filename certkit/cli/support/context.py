"""What both sides need of this process: the clock, where the home is, and a place for a new file."""

import os
from datetime import UTC, datetime
from pathlib import Path

from certkit.errors import CertkitError, MissingError, RefusedError
from certkit.files import application_directory


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def home_path(option: Path | None) -> Path:
    """Return the home's folder: the one asked for, else that of CERTKIT_HOME, else in the application folder."""
    named = option or os.environ.get("CERTKIT_HOME")
    return Path(named).absolute() if named else application_directory()


def ledger_url() -> str:
    """Return the URL of the ledger that CERTKIT_LEDGER names; empty if it names none, and the home's settings count."""
    return os.environ.get("CERTKIT_LEDGER", "")


def check_new(path: Path) -> None:
    """Raise if a file cannot be made at `path`, before anything is done that would be lost without it.

    Raises:
        RefusedError: There is something at `path` already.
        MissingError: Its folder is not there, or cannot be written.
        CertkitError: `path` cannot even be looked at.

    """
    try:
        is_there = path.exists() or path.is_symlink()
    except OSError as error:
        raise CertkitError(f"{path} cannot be written: {error.strerror}", "Name another file.") from None
    if is_there:
        raise RefusedError(f"{path} exists already and is not overwritten", "Name another file.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise MissingError(f"{path.parent} is not there, or cannot be written", "Name a file in another folder.")
