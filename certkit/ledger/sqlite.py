"""The ledger in a SQLite file: write-ahead log, flushed at every commit."""

import contextlib
import errno
import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from certkit import file_errors
from certkit.errors import MissingError
from certkit.ledger.rows import Row
from certkit.ledger.sql import DuplicateError, LedgerError, SqlLedger, Values

PATIENCE = 60.0
"""Seconds to wait for another command that is writing."""

_RETRY = 0.003
"""Seconds between two tries to be the next who writes.

SQLite's own waiting leaves the disk idle for up to 0.1 seconds, and forgets who has waited longest: with 50 writers it
makes a fourth of the commits, and its slowest hundredth takes six times as long.
"""
_GLANCE = 0.1
"""Seconds between two looks at whether the file has changed: each takes some microseconds."""
_AT_ONCE = 200
"""Rows of a long list that are read at once."""
_LEAST_ROOM = 1 << 17
"""Bytes that SQLite wants for its log."""
_PRIMARY = 0xFF
"""The part of an error code that names its kind."""
_FAILURES = (sqlite3.Error, OverflowError)  # a number that was crafted may have no successor
_REMEDIES: Mapping[int, str] = {
    sqlite3.SQLITE_FULL: "Free some space on its disk.",
    sqlite3.SQLITE_BUSY: "Another command writes to it, and has for a minute: try again when that has ended.",
    sqlite3.SQLITE_READONLY: "Make the file and its folder writable for yourself.",
    sqlite3.SQLITE_PROTOCOL: "Its file system keeps no locks: move the home to a disk of this machine.",
    sqlite3.SQLITE_IOERR: "Its disk or network share has no free space, fails or has no locks: move the home to "
    "another disk of this machine.",
    sqlite3.SQLITE_CORRUPT: "It is damaged: restore the home from a backup.",
    sqlite3.SQLITE_NOTADB: "It is no ledger: restore the home from a backup.",
}


def create(path: Path) -> SqlLedger:
    """Make an empty ledger, readable by its owner alone; the file must not be there yet."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    ledger = SqlLedger(SqliteDatabase(path))
    ledger.migrate()
    return ledger


def open_ledger(path: Path, patience: float = PATIENCE) -> SqlLedger:
    """Open a ledger and bring it up to date.

    Raises MissingError if there is none, LedgerError if it is broken, busy for longer than `patience`, or from a newer
    certkit.
    """
    if not path.exists():
        raise MissingError(f"{path} does not exist", code="ledger-missing", path=path)
    database = SqliteDatabase(path, patience)
    ledger = SqlLedger(database)
    if ledger.update():
        database.compact()
    return ledger


class SqliteDatabase:
    """One connection to a SQLite file, for one thread at a time; on a medium that cannot be written it can be read."""

    is_remote = False
    spelling: Mapping[str, str] = {"identity": "INTEGER PRIMARY KEY AUTOINCREMENT", "bytes": "BLOB"}
    columns = "SELECT name FROM pragma_table_info(:name) ORDER BY cid"
    measure = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self._path, self._patience = path, patience
        self._turn: int | None = None
        """The descriptor of the file whose lock says that it is this one's turn to write."""
        self.name = str(path)
        self._seen: int | None = None
        with _explained(path):
            if not os.access(path.parent, os.W_OK):
                self._connection = _read_only(path)
                return
            self._connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
            for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._connection.execute(f"PRAGMA {setting}")

    def execute(self, statement: str, values: Values) -> list[Row]:
        """See `sql.Database`."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except _FAILURES as error:
            raise _explanation(self._path, error) from None

    def change(self, statement: str, values: Values) -> None:
        """See `sql.Database`: a file is asked at once, for that takes no longer."""
        self.execute(statement, values)

    def undo_to(self, savepoint: str) -> None:
        """See `sql.Database`."""
        self.execute(f"ROLLBACK TO SAVEPOINT {savepoint}", {})
        self.execute(f"RELEASE SAVEPOINT {savepoint}", {})

    def change_schema(self, statement: str) -> None:
        """See `sql.Database`."""
        self.execute(statement.format_map(self.spelling), {})

    def begin(self) -> None:
        """See `sql.Database`."""
        self._turn = _turn(self._path, self._patience)
        try:
            self.execute("BEGIN IMMEDIATE", {})
        except BaseException:
            self._leave()
            raise

    def commit(self) -> None:
        """See `sql.Database`."""
        self.execute("COMMIT", {})
        self._leave()

    def rollback(self) -> None:
        """See `sql.Database`."""
        try:
            if self._connection.in_transaction:  # a full disk has ended it already
                self.execute("ROLLBACK", {})
        finally:
            self._leave()

    def _leave(self) -> None:
        """Let the next one write."""
        turn, self._turn = self._turn, None
        if turn is not None:
            os.close(turn)

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """See `sql.Database`: a file is one host's, and so the home's lock will do."""
        return contextlib.nullcontext()

    def notify(self) -> None:
        """See `sql.Database`: whoever waits looks at the file."""

    def wait(self, seconds: float) -> bool:
        """See `sql.Database`."""
        end, former = time.monotonic() + seconds, self._seen
        while True:
            [(self._seen,)] = self.execute("PRAGMA data_version", {})
            if self._seen != former:
                return True
            if (left := end - time.monotonic()) <= 0:
                return False
            time.sleep(min(left, _GLANCE))

    def read(self, statement: str) -> Iterator[Row]:
        """See `sql.Database`."""
        with _explained(self._path):
            cursor = self._connection.execute(statement)
            while found := cursor.fetchmany(_AT_ONCE):
                yield from found

    def write(self, statement: str, rows: Iterable[Values]) -> None:
        """See `sql.Database`."""
        with _explained(self._path):
            self._connection.executemany(statement, rows)

    def continue_numbers(self, table: str) -> None:
        """See `sql.Database`: SQLite goes on behind the largest by itself."""

    def export(self) -> bytes:
        """See `sql.Database`: the content of the file of a ledger."""
        with _explained(self._path):
            return self._connection.serialize()

    def compact(self) -> None:
        """Give back to the disk what a migration has dropped, if there is room for a second copy meanwhile."""
        with contextlib.suppress(LedgerError):
            self.execute("VACUUM", {})

    def verify(self) -> None:
        """See `sql.Database`."""
        [(found,)] = self.execute("PRAGMA integrity_check(1)", {})
        if found != "ok":
            raise LedgerError(f"the ledger is damaged: {found}", "Use an older backup.", code="ledger-damaged")

    def close(self) -> None:
        """See `sql.Database`."""
        self._connection.close()


def _turn(path: Path, patience: float) -> int | None:
    """Wait for the turn to write; return what must be closed to give it on, None where nobody can keep an order.

    It is but an order: who may write, SQLite decides. The lock is that of the log, which SQLite locks by no means of
    the system's. Of the ledger's own file it would be a trap: closing any descriptor of that drops SQLite's locks.

    Raises LedgerError after `patience` seconds.
    """
    try:
        descriptor = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    end = time.monotonic() + patience
    while not _is_first(descriptor):
        if time.monotonic() >= end:
            os.close(descriptor)
            what = f"{path}: the ledger cannot be used: another command writes"
            raise LedgerError(what, _REMEDIES[sqlite3.SQLITE_BUSY], path=path)
        time.sleep(_RETRY)
    return descriptor


def _is_first(descriptor: int) -> bool:
    """Take a lock unless somebody else has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # on a file system without such locks there is no order
        pass
    return True


def _read_only(path: Path) -> sqlite3.Connection:
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise LedgerError(
            f"{path} cannot be read where it cannot be written: a command was killed",
            "Copy the home.",
            code="ledger-interrupted",
            path=path,
        )
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        raise _explanation(path, error) from None


def _explanation(path: Path, error: Exception) -> LedgerError:
    if isinstance(error, sqlite3.IntegrityError):
        return DuplicateError(f"the ledger refused a change: {error}", "Run it again.")
    return LedgerError(f"{path}: the ledger cannot be used: {error}", _remedy(path, error), path=path)


def _remedy(path: Path, error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_IOERR:  # said of a full disk too, if the log of what is written finds no room
        with contextlib.suppress(OSError):
            if shutil.disk_usage(path.parent).free < _LEAST_ROOM:
                code = sqlite3.SQLITE_FULL
    if code == sqlite3.SQLITE_READONLY and os.statvfs(path.parent).f_flag & os.ST_RDONLY:
        return file_errors.advice(path, OSError(errno.EROFS, os.strerror(errno.EROFS)))
    return _REMEDIES.get(code, f"See who may write there, and whether its disk is well: ls -ld {path.parent}")
