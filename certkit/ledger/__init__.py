"""Who was given what, and every event; in a database that a URL names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from certkit import files
from certkit.errors import InvalidError
from certkit.ledger.interface import Ledger

__all__ = ["create_ledger", "file_url", "import_ledger", "open_ledger"]

_SQLITE = "sqlite"


def open_ledger(url: str, *, patience: float | None = None) -> Ledger:
    """Open the ledger at a URL and bring its schema up to date, for use by one thread at a time.

    Where another writer is at it, everything waits: `patience` seconds at most, a minute unless said otherwise.

    Raises InvalidError for a URL of no known kind, MissingError where there is no ledger, LedgerError where it cannot
    be used.
    """
    from certkit.ledger import sqlite  # a database is imported by whoever has a ledger in it

    return sqlite.open_ledger(_path(url), sqlite.PATIENCE if patience is None else patience)


def create_ledger(url: str) -> Ledger:
    """Make an empty ledger at a URL, where there must be none yet; raises as `open_ledger` does."""
    from certkit.ledger import sqlite  # as above

    return sqlite.create(_path(url))


def import_ledger(url: str, content: bytes) -> Ledger:
    """Make a ledger of what `Ledger.export` gave, where there must be none yet; raises LedgerError if it is damaged."""
    from certkit.ledger import sqlite  # as above

    path = _path(url)
    files.write(path, content, replace=False)
    opened = sqlite.open_ledger(path)
    opened.verify()
    return opened


def file_url(path: Path) -> str:
    """Return the URL of a ledger in a file."""
    return f"{_SQLITE}://{path.absolute().as_uri().removeprefix('file://')}"


def _path(url: str) -> Path:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.scheme != _SQLITE or parts.netloc or not parts.path.startswith("/") or not path.name:
        raise InvalidError(
            f"{url!r} is not the URL of a ledger",
            "Write sqlite:///PATH, or leave it out: the ledger is then a file in the home.",
            code="ledger-url",
            url=url,
        )
    return path
