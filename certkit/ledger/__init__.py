"""Who was given what, and every event; in a database that a URL names."""

from types import ModuleType

from certkit import files
from certkit.errors import MissingError
from certkit.ledger import urls
from certkit.ledger.interface import Ledger
from certkit.ledger.sql import SqlLedger
from certkit.ledger.urls import file_url

__all__ = ["create_ledger", "file_url", "import_ledger", "open_ledger"]


def open_ledger(url: str, *, patience: float | None = None) -> Ledger:
    """Open the ledger at a URL and bring its schema up to date, for use by one thread at a time.

    Where another writer is at it, everything waits: `patience` seconds at most, a minute unless said otherwise.

    Raises InvalidError for a URL of no known kind, MissingError where there is no ledger, LedgerError where it cannot
    be used.
    """
    return opened(url, patience)


def create_ledger(url: str) -> Ledger:
    """Make an empty ledger at a URL, where there must be none yet; raises as `open_ledger` does."""
    return created(url)


def import_ledger(url: str, content: bytes) -> Ledger:
    """Make a ledger of what `Ledger.export` gave, in a file that must not be there yet.

    Raises LedgerError if it is damaged.
    """
    files.write(urls.path_of(url), content, replace=False)
    ledger = open_ledger(url)
    ledger.verify()
    return ledger


def opened(url: str, patience: float | None = None) -> SqlLedger:
    """Open a ledger as `open_ledger` does; a database is imported by whoever has a ledger in it."""
    if urls.is_postgresql(url):
        postgres = postgresql()
        found: SqlLedger = postgres.open_ledger(url, postgres.PATIENCE if patience is None else patience)
        return found
    from certkit.ledger import sqlite  # as above

    return sqlite.open_ledger(urls.path_of(url), sqlite.PATIENCE if patience is None else patience)


def created(url: str) -> SqlLedger:
    """Make an empty ledger as `create_ledger` does."""
    if urls.is_postgresql(url):
        made: SqlLedger = postgresql().create(url)
        return made
    from certkit.ledger import sqlite  # as above

    return sqlite.create(urls.path_of(url))


def postgresql() -> ModuleType:
    """Return what speaks to PostgreSQL; raises MissingError where its driver is not installed."""
    try:
        from certkit.ledger import postgres  # what it needs may not be installed
    except ImportError:
        raise MissingError("what speaks to PostgreSQL is not installed here", code="postgres-not-installed") from None
    return postgres
