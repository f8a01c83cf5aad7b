"""Copy a ledger into another database, whole and compared, or not at all."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from certkit import ledger as ledgers
from certkit.errors import RefusedError
from certkit.ledger import sqlite, urls
from certkit.ledger.rows import Row
from certkit.ledger.sql import LedgerError, SqlLedger

TABLES: Mapping[str, str] = {
    "people": "name",
    "devices": "person, name",
    "daemons": "name",
    "certificates": "id",
    "anchors": "number",
    "states": "name",
    "events": "id",
    "codes": "id",
    "code_uses": "code, number",
    "leads": "person",
    "proposals": "name",
}
"""The tables of a ledger, each behind those that it refers to, with what its rows are ordered by."""


def copy(source: str, target: str) -> dict[str, int]:
    """Copy the ledger at one URL to another, where there must be none, or an empty one; return the rows of each table.

    Nobody changes either meanwhile. Raises RefusedError for a target that holds something, LedgerError if what has
    arrived is not what was sent; then nothing has.
    """
    with closing(ledgers.opened(source)) as former, former.transaction(), closing(_empty(target)) as later:
        try:
            with later.transaction():
                return _copy(former, later)
        except BaseException:
            if not urls.is_postgresql(target):
                later.close()
                remove(target)
            raise


def as_file(source: SqlLedger) -> bytes:
    """Return the content of the file of a ledger, with all that is in another database; inside a transaction."""
    with (
        tempfile.TemporaryDirectory(prefix="certkit-") as folder,
        closing(sqlite.create(Path(folder) / "ledger.sqlite")) as made,
    ):
        with made.transaction():
            _copy(source, made)
        return made.export()


def check_free(url: str) -> None:
    """Raise RefusedError if there is something at a URL that a copy would be made over."""
    if urls.is_postgresql(url):
        ledgers.postgresql().check_empty(url)
        return
    path = urls.path_of(url)
    if path.exists() or path.is_symlink():
        raise RefusedError(
            f"{path} exists already and is not overwritten", "Name another file.", code="file-exists", path=path
        )


def _empty(url: str) -> SqlLedger:
    """Return an empty ledger at a URL, which is made if there is none."""
    check_free(url)
    if urls.is_postgresql(url):
        made: SqlLedger = ledgers.postgresql().open_or_create(url)
        return made
    return sqlite.create(urls.path_of(url))


def remove(url: str) -> None:
    """Remove the ledger in a file."""
    path = urls.path_of(url)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _copy(source: SqlLedger, target: SqlLedger) -> dict[str, int]:
    counts = {}
    for table, order in TABLES.items():
        columns = [str(column) for (column,) in source.database.execute(source.database.columns, {"name": table})]
        listed, values = ", ".join(columns), ", ".join(f":{column}" for column in columns)
        ask = f"SELECT {listed} FROM {table} ORDER BY {order}"  # noqa: S608  names of the schema
        sent = _Digest()
        rows = (dict(zip(columns, row, strict=True)) for row in sent.over(source.database.read(ask)))
        target.database.write(f"INSERT INTO {table} ({listed}) VALUES ({values})", rows)  # noqa: S608  as above
        if "id" in columns:
            target.database.continue_numbers(table)
        arrived = _Digest()
        for _ in arrived.over(target.database.read(ask)):
            pass
        if sent.value() != arrived.value():
            raise _torn(target, table)
        counts[table] = sent.count
    return counts


def _torn(target: SqlLedger, table: str) -> LedgerError:
    return LedgerError(
        f"{target.database.name}: what arrived in {table} is not what was sent, and nothing is kept",
        "See whether the database is well, and try again.",
        code="ledger-copy",
    )


class _Digest:
    """What rows come to: their number, and the SHA-256 of all that is in them."""

    def __init__(self) -> None:
        self.count = 0
        self._sha256 = hashlib.sha256()

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Pass rows on, counting them."""
        for row in rows:
            self.count += 1
            self._sha256.update(repr(tuple(row)).encode())
            yield row

    def value(self) -> tuple[int, str]:
        """Return the number and the digest."""
        return self.count, self._sha256.hexdigest()
