"""The ledger in a PostgreSQL database, which several hosts may share.

One change is made at a time, as in a file: a transaction first takes an advisory lock, whose queue is fair, and then
runs at READ COMMITTED, so that it sees all that those before it have committed. Serializable transactions would not
do: each writes to the one log and reads the one newest publication, so that of any two at once one would be undone,
and what is undone here has asked for a passphrase and signed. The lock ends with its transaction, or with the
connection of whoever was killed. Nobody who only reads waits for it.

A ledger is one thread's, and so has one connection rather than a pool of them. It is made anew when it was lost, but
not in the middle of something: what was begun is over then, and whoever asked is told so.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

import psycopg
from psycopg import conninfo, errors, pq

from certkit.errors import InvalidError, MissingError, RefusedError
from certkit.ledger import urls
from certkit.ledger.foresight import ForeseeingLedger
from certkit.ledger.pending import PARAMETER, Pending
from certkit.ledger.rows import Row
from certkit.ledger.sql import DuplicateError, LedgerError, SqlLedger, Values

PATIENCE = 60.0
"""Seconds to wait for another command that is writing."""

_DEFAULTS: Mapping[str, str] = {
    "fallback_application_name": "certkit",
    "target_session_attrs": "read-write",  # of several hosts, the one that is not a standby
    "keepalives_idle": "20",  # seconds, as the next two
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",  # milliseconds
}
"""What libpq is told unless the URL says otherwise: a host that has died is found out."""
_CONNECT_TIMEOUT = "10"
"""Seconds for each host of the URL."""

_LOCK_CLASS = 0x63657274
"""The first half of the keys of advisory locks: "cert". The second is the schema, for each may hold a team's ledger."""
_LOCK_OF_HOMES = 0x686F6D65
"""The same of the lock that stands for those of all homes: "home"."""
_CHANNEL = "certkit"

_REMEDIES: Mapping[type[errors.Error], str] = {
    errors.LockNotAvailable: "Another command writes to it, and has for a minute: try again when that has ended.",
    errors.ReadOnlySqlTransaction: "Name the primary: this one is a standby.",
    errors.InsufficientPrivilege: "Let this user use the schema, make tables in it, and read and write them.",
    errors.DiskFull: "Free some space on its disk.",
    errors.TooManyConnections: "Let it take more connections, or end some.",
    errors.InvalidSchemaName: "Make the schema that the search_path names: CREATE SCHEMA.",
    errors.UndefinedTable: "It lacks a table: restore it from a backup.",
}
_UNREACHABLE = (
    "See whether it runs, whether this machine reaches it, and where the password comes from (~/.pgpass, PGPASSFILE)."
)
_OVER = (
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.IdleInTransactionSessionTimeout,
    errors.ReadOnlySqlTransaction,  # a primary that has become a standby: there is another one by now
)
"""After these nothing more is to be had from a connection."""


def check_empty(url: str) -> None:
    """Raise RefusedError if there is a ledger in a database in which anything was ever recorded."""
    with contextlib.closing(ForeseeingLedger(PostgresDatabase(url))) as ledger:
        if _is_there(ledger) and ledger.database.execute("SELECT 1 FROM events LIMIT 1", {}):
            name = ledger.database.name
            raise RefusedError(
                f"{name} holds a team's ledger, and nothing is copied over it",
                "Name an empty database, or an empty schema of one.",
                code="ledger-not-empty",
                url=name,
            )


def create(url: str) -> SqlLedger:
    """Make an empty ledger in a database; raises RefusedError if it holds a ledger, even an empty one."""
    return _prepared(PostgresDatabase(url), _fill)


def open_or_create(url: str) -> SqlLedger:
    """Open the ledger in a database, which is made if there is none."""
    return _prepared(PostgresDatabase(url), lambda ledger: ledger.update() if _is_there(ledger) else ledger.migrate())


def open_ledger(url: str, patience: float = PATIENCE) -> SqlLedger:
    """Open a ledger and bring it up to date.

    Raises MissingError if there is none, LedgerError if it cannot be reached, is busy for longer than `patience`, or
    is from a newer certkit.
    """
    return _prepared(PostgresDatabase(url, patience), _bring_up_to_date)


def _prepared(database: "PostgresDatabase", prepare: Callable[[SqlLedger], object]) -> SqlLedger:
    ledger = ForeseeingLedger(database)
    try:
        prepare(ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _fill(ledger: SqlLedger) -> None:
    if _is_there(ledger):
        raise RefusedError(
            f"{ledger.database.name} holds a ledger already",
            "Name another database, or another schema of it.",
            code="ledger-exists",
            url=ledger.database.name,
        )
    ledger.migrate()


def _bring_up_to_date(ledger: SqlLedger) -> None:
    if not _is_there(ledger):
        url = ledger.database.name
        raise MissingError(f"{url} holds no ledger", code="ledger-missing-in-database", url=url)
    ledger.update()


def _is_there(ledger: SqlLedger) -> bool:
    [[found]] = ledger.database.execute("SELECT to_regclass('migrations') IS NOT NULL", {})
    return bool(found)


class PostgresDatabase:
    """One connection to a PostgreSQL database, for one thread; it is made anew when it is wanted and was lost."""

    is_remote = True
    spelling: Mapping[str, str] = {"identity": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "bytes": "BYTEA"}
    columns = (
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = :name ORDER BY ordinal_position"
    )
    measure = (
        "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    )

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self.name = urls.shown(url)
        self._conninfo = _conninfo(url)
        self._patience = patience
        self._transaction = False
        self._locks = 0
        self._listens = False
        self._pending = Pending()
        self._connection = self._connect()

    def execute(self, statement: str, values: Values) -> list[Row]:
        """See `sql.Database`."""
        if self._pending.goes_with(statement):
            self._pending.add(statement, values)
            return self._catch_up()
        self._catch_up()
        return self._run(_spelled(statement), values)

    def change(self, statement: str, values: Values) -> None:
        """See `sql.Database`."""
        if not self._pending.goes_with(statement):
            self._catch_up()
        self._pending.add(statement, values)
        if not self._transaction:
            self._catch_up()

    def undo_to(self, savepoint: str) -> None:
        """See `sql.Database`."""
        self._pending.clear()  # all of it has come since: to make the savepoint, what waited was run
        self._run(f"ROLLBACK TO SAVEPOINT {savepoint}; RELEASE SAVEPOINT {savepoint}", None)

    def _catch_up(self) -> list[Row]:
        """Make the writes that wait; return what the last one does."""
        if not self._pending:
            return []
        statement, values = self._pending.take()
        return self._run(_spelled(statement), values)

    def change_schema(self, statement: str) -> None:
        """See `sql.Database`: texts are compared byte by byte, whatever the database's locale, as SQLite does."""
        wide = re.sub(r"\bINTEGER\b", "BIGINT", statement.format_map(self.spelling))
        self._run(re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', wide), None)

    def begin(self) -> None:
        """See `sql.Database`."""
        lock = f"SELECT pg_advisory_xact_lock({_LOCK_CLASS}, hashtext(current_schema()))"
        try:
            self._run(f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {lock}", None)
        except LedgerError:
            self.rollback()
            raise
        self._transaction = True

    def commit(self) -> None:
        """See `sql.Database`; raises LedgerError too where it is not known whether it lasts."""
        self._catch_up()
        if self._connection.info.transaction_status == pq.TransactionStatus.INERROR:  # it would roll back in silence
            raise LedgerError(f"{self.name}: a part of a change has failed before", "Run it again.", url=self.name)
        try:
            self._run("COMMIT", None)
        except LedgerError as error:
            raise (self._uncertain() if self._connection.closed else error) from None
        self._transaction = False

    def rollback(self) -> None:
        """See `sql.Database`."""
        self._pending.clear()
        self._transaction = False
        with contextlib.suppress(LedgerError):  # what was lost has been undone
            if not self._connection.closed and self._connection.info.transaction_status != pq.TransactionStatus.IDLE:
                self._run("ROLLBACK", None)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """See `sql.Database`."""
        key = f"({_LOCK_OF_HOMES}, hashtext(current_schema()))"
        self._run(f"SELECT pg_advisory_lock{key}", None)
        self._locks += 1
        try:
            yield
        finally:
            self._locks -= 1
            if not self._connection.closed:  # it ends with the connection
                self._run(f"SELECT pg_advisory_unlock{key}", None)

    def notify(self) -> None:
        """See `sql.Database`."""
        self._run(f"NOTIFY {_CHANNEL}", None)

    def wait(self, seconds: float) -> bool:
        """See `sql.Database`."""
        if not self._listens or self._connection.closed:  # what was told before was told to nobody
            self._run(f"LISTEN {_CHANNEL}", None)
            self._listens = True
            return True
        with self._explained():
            return bool(list(self._connection.notifies(timeout=seconds, stop_after=1)))

    def read(self, statement: str) -> Iterator[Row]:
        """See `sql.Database`."""
        with self._explained(), self._connection.cursor(name="certkit") as cursor:
            yield from cursor.execute(statement)

    def write(self, statement: str, rows: Iterable[Values]) -> None:
        """See `sql.Database`."""
        with self._explained(), self._connection.cursor() as cursor:
            cursor.executemany(_spelled(statement), rows)

    def continue_numbers(self, table: str) -> None:
        """See `sql.Database`."""
        sequence = f"pg_get_serial_sequence('{table}', 'id')"
        self._run(f"SELECT setval({sequence}, max(id)) FROM {table} HAVING max(id) IS NOT NULL", None)  # noqa: S608

    def export(self) -> bytes:
        """See `sql.Database`: the content of the file of a ledger, whichever database it is in."""
        from certkit.ledger import copying  # which needs SQLite, and few commands export

        with self.snapshot():
            return copying.as_file(SqlLedger(self))

    def snapshot(self) -> contextlib.AbstractContextManager[None]:
        """See `sql.Database`."""
        return self._within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def verify(self) -> None:
        """See `sql.Database`: a server looks after its files itself; what is read is checked as it is read."""
        self._run("SELECT number FROM migrations", None)

    def close(self) -> None:
        """See `sql.Database`."""
        self._connection.close()

    @contextlib.contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        self._run(begin, None)
        self._transaction = True
        try:
            yield
        finally:
            self.rollback()

    def _run(self, statement: str, values: Values | None) -> list[Row]:
        """Run a statement, on a new connection if the former one turns out to be lost and nothing depended on it."""
        if self._connection.closed and not self._is_at_it():
            self._connection = self._connect()
        try:
            return self._run_once(statement, values)
        except LedgerError:
            if not self._connection.closed or self._is_at_it():
                raise
        self._connection = self._connect()
        return self._run_once(statement, values)

    def _uncertain(self) -> LedgerError:
        return LedgerError(
            f"{self.name}: the database was lost while a change was committed: it may have been made or not",
            "See in the log whether it was.",
            code="ledger-uncertain",
            url=self.name,
        )

    def _is_at_it(self) -> bool:
        """Tell whether something has been begun that would not go on in another connection."""
        return self._transaction or bool(self._locks)

    def _run_once(self, statement: str, values: Values | None) -> list[Row]:
        with self._explained():
            try:
                cursor = self._connection.execute(statement, values)
            except _OVER:
                self._connection.close()
                raise
            # Not by its `description`, which takes as long to make as some statements take.
            return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []

    def _connect(self) -> "psycopg.Connection[Row]":
        self._listens = False
        with self._explained():
            made = psycopg.connect(self._conninfo, autocommit=True)
            # Nothing may leave whose row could still be lost; a team may ask for more, and keeps it.
            made.execute(
                f"SET lock_timeout = {round(self._patience * 1000)}; "
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'"
            )
            if made.info.parameter_status("server_encoding") != "UTF8":
                made.close()
                raise LedgerError(f"{self.name} does not keep texts in UTF-8", "Make it anew: createdb -E UTF8.")
            return made

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except errors.IntegrityError as error:
            raise DuplicateError(f"the ledger refused a change: {_line(error)}", "Run it again.") from None
        except (psycopg.Error, OverflowError) as error:  # a number that was crafted may be too large
            hint = next((hint for kind, hint in _REMEDIES.items() if isinstance(error, kind)), _UNREACHABLE)
            what = f"{self.name}: the ledger cannot be used: {_line(error)}"
            raise LedgerError(what, hint, url=self.name) from None


def _conninfo(url: str) -> str:
    found = urls.address(url)
    try:
        given = conninfo.conninfo_to_dict(found.url, **found.options)
        timeout = {} if "PGCONNECT_TIMEOUT" in os.environ else {"connect_timeout": _CONNECT_TIMEOUT}
        return conninfo.make_conninfo("", **{**_DEFAULTS, **timeout, **given})
    except psycopg.ProgrammingError as error:
        raise InvalidError(
            f"{urls.shown(url)!r} is not the URL of a ledger: {_line(error)}",
            "Write postgresql://HOST/DATABASE, with what is special in a name or password as %XX.",
            code="ledger-url",
            url=urls.shown(url),
        ) from None


def _line(error: Exception) -> str:
    """Return what the database says, on one line, without its advice."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return " ".join(re.sub(r"\s*Is the server running[^?]*\?", "", said or str(error)).split())


@lru_cache
def _spelled(statement: str) -> str:
    """Write a statement's parameters as psycopg does."""
    return PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%"))
