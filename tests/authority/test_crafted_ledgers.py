"""Ledgers that somebody crafted: whatever stands in a column, only certkit's own errors leave, and nothing raw."""

import contextlib
import io
import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from certkit.authority import daemon_check
from certkit.cli import main
from certkit.pki import sealed
from tests.authority.conftest import URL
from tests.authority.simulated import Held, Simulated

VALUES: dict[str, object] = {
    "a text that steers a terminal": "x\x1b[2J\x07\u202e\x9b1m",
    "a path": "../../planted",
    "nothing": "",
    "null": None,
    "bytes": b"\xff\x00\x80",
    "a number": 7,
    "a negative number": -1,
    "the largest number": (1 << 63) - 1,
    "many digits": "9" * 5000,
    "the last year": "9999-12-31T23:59:59Z",
    "the first year": "0001-01-01T00:00:00+00:00",
    "a time without a zone": "2026-11-24T12:00:00",
    "JSON of lists": '[["a"], {"b": 1}, null, -1]',
    "JSON of texts": '["a; touch planted", "../x"]',
    "an object": '{"name": "\\u001b[2J", "since": [], "pems": [1], "stage": "settled", "old": 1, "last": 461168601842}',
    "zero": "00",
    "more bits than a serial number has": "f" * 40,
    "deep JSON": "[" * 100_000,
}
READING = (
    *("status", "list --json", "show al", "log", "daemon list", "rotate client", "show build", "log --json"),
    *("rotate server", "daemon deploy build", "authority show", "list"),
)
CHANGING = (
    *("daemon check build", "revoke al", "issue al --device laptop --no-passphrase --out out", "reinstate bo"),
    *("daemon renew build", "rotate client prepare", "backup other --passphrase-file word"),
)
ALL = bool(os.environ.get("CERTKIT_MACHINE_EXAMPLES"))
"""Whether every command is tried on every value; else each value meets some of them, in turn."""


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    monkeypatch.setattr(sealed, "_LOG_N", 4)


@pytest.fixture
def team(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home in which something of everything has happened, and work beside it."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    Path("word").write_text("violet anchor\n")
    daemon = Simulated()
    daemon.start(URL, Held.of(path / "daemons" / "build"))
    monkeypatch.setattr(daemon_check, "run", daemon.run)
    for command in (
        *("issue al --device laptop --no-passphrase --out al", "issue bo --device desk --no-passphrase --out bo"),
        *("daemon check build", "revoke bo", "rotate client prepare", "backup sealed --passphrase-file word"),
    ):
        assert said(command)[0] == 0, command
    shutil.rmtree(path)
    assert said("restore sealed --passphrase-file word")[0] == 0
    assert said("revoke bo --device desk")[0] == 0
    return path


def said(command: str) -> tuple[int, str]:
    """Run a command; return its exit code and all that it said."""
    with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()) as out:
        code = main(command.split())
    return code, out.getvalue() + errors.getvalue()


def columns(home: Path) -> Iterator[tuple[str, str]]:
    """Return every column of every table but that of the schema's steps."""
    with contextlib.closing(sqlite3.connect(home / "ledger.sqlite")) as ledger:
        tables = [name for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in sorted({*tables} - {"migrations", "sqlite_sequence"}):
            for row in ledger.execute(f"PRAGMA table_info({table})"):
                yield table, row[1]


def craft(home: Path, table: str, column: str, value: object) -> bool:
    """Write a value into one column of all rows, or of the first where it must be unique; tell whether it is there."""
    with contextlib.closing(sqlite3.connect(home / "ledger.sqlite")) as ledger:
        for where in ("", f" WHERE rowid = (SELECT min(rowid) FROM {table})"):
            with contextlib.suppress(sqlite3.IntegrityError), ledger:
                ledger.execute(f"UPDATE {table} SET {column} = ?{where}", (value,))
                return True
    return False


@pytest.mark.parametrize("kind", VALUES)
def test_whatever_a_column_holds_only_own_errors_leave_and_nothing_raw(team: Path, tmp_path: Path, kind: str) -> None:
    start = tmp_path / "start"
    shutil.copytree(team, start, symlinks=True)
    wrong: list[str] = []
    turn = itertools.count(list(VALUES).index(kind))

    def pick(commands: Sequence[str], count: int) -> list[str]:
        return [commands[next(turn) % len(commands)] for _ in range(count)]

    for table, column in columns(team):
        shutil.rmtree(team)
        shutil.copytree(start, team, symlinks=True)
        if not craft(team, table, column, VALUES[kind]):
            continue
        for command in (*READING, *CHANGING) if ALL else (*pick(READING, 2), *pick(CHANGING, 1)):
            code, text = said(command)
            for made in ("out", "other"):
                Path(made).unlink(missing_ok=True)
            is_raw = any(not char.isprintable() and char != "\n" for char in text)
            if code not in {0, 1, 2, 3} or "defect in certkit" in text or is_raw:
                wrong.append(f"{table}.{column}: {command}: {code} {text[-300:]!r}")
    assert not wrong, "\n".join(wrong)
    assert not list(tmp_path.rglob("*planted*"))
    assert {each.name for each in tmp_path.iterdir()} == {"home", "start", "desk"}
