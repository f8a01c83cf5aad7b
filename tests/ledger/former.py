"""Ledgers as former certkits wrote them, with all that they knew."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from certkit.ledger import sql, sqlite
from certkit.ledger.migrations import MIGRATIONS


def go_back(path: Path, words: str) -> None:
    """Bring a ledger back to what it was before the step of the schema that has these words in its first statement."""
    steps = next(number for number, each in enumerate(MIGRATIONS) if words in str(each[0]))
    newer = path.with_name("newer.sqlite")
    with closing(sqlite3.connect(path)) as ledger:
        ledger.execute("VACUUM INTO ?", [str(newer)])
    path.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql, "MIGRATIONS", MIGRATIONS[:steps])
        sqlite.create(path).close()
    with closing(sqlite3.connect(path)) as ledger, ledger:
        ledger.execute("ATTACH ? AS newer", [str(newer)])
        tables = [name for (name,) in ledger.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in sorted({*tables} - {"migrations", "sqlite_sequence"}):
            columns = ", ".join(row[1] for row in ledger.execute(f"PRAGMA main.table_info({table})"))
            ledger.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")
    newer.unlink()
