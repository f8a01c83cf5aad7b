"""The ledger's file: private, brought up to date, and told to be broken in words."""

import contextlib
import os
import resource
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certkit.errors import CertkitError, MissingError
from certkit.ledger import sqlite
from certkit.ledger.interface import Actor, Event, Ledger, Person
from certkit.ledger.sql import LedgerError

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a ledger."""
    sqlite.create(tmp_path / "ledger.sqlite").close()
    return tmp_path / "ledger.sqlite"


def test_every_file_of_a_ledger_is_private(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        sqlite.create(tmp_path / "ledger.sqlite").close()
        with closing(sqlite.open_ledger(tmp_path / "ledger.sqlite")) as ledger, ledger.transaction():
            ledger.add_person(Person("alice", "alice", NOW))
            found = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    finally:
        os.umask(former)
    assert found == dict.fromkeys(("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"), 0o600)


def test_a_ledger_is_never_made_over_another(path: Path) -> None:
    with pytest.raises(FileExistsError):
        sqlite.create(path)


def test_a_ledger_is_flushed_to_the_disk_at_every_commit(path: Path) -> None:
    connection = sqlite.SqliteDatabase(path)
    assert connection.execute("PRAGMA journal_mode", {}) == [("wal",)]
    assert connection.execute("PRAGMA synchronous", {}) == [(2,)]


def test_a_ledger_that_is_not_there_is_missing_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="does not exist"):
        sqlite.open_ledger(tmp_path / "ledger.sqlite")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_what_is_no_ledger_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(content)
    with pytest.raises(CertkitError, match="the ledger cannot be used"):
        sqlite.open_ledger(tmp_path / "ledger.sqlite")


@pytest.mark.parametrize("events", [1, 20])  # found out at the commit, and before it
def test_a_full_disk_is_told_as_what_it_is_and_the_ledger_stays_whole(path: Path, events: int) -> None:
    with closing(sqlite.open_ledger(path)) as ledger:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        try:
            with pytest.raises(CertkitError, match="disk"):
                add_large_events(ledger, events)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        with ledger.transaction():
            ledger.add_person(Person("alice", "alice", NOW))
    with closing(sqlite.open_ledger(path)) as ledger:
        ledger.verify()
    assert rows(path, "SELECT count(*) FROM events") == [(0,)]


def test_a_writer_waits_for_another(path: Path) -> None:
    with closing(sqlite.open_ledger(path)) as first:
        with first.transaction():
            first.add_person(Person("alice", "alice", NOW))
            other = threading.Thread(target=add_bob, args=(path,))
            other.start()
            other.join(0.2)
            assert other.is_alive()
        other.join(10)
        assert [person.name for person in first.people()] == ["alice", "bob"]


@pytest.mark.parametrize("who", ["another command", "a stranger"])
def test_who_has_waited_too_long_to_write_says_so_and_holds_up_nobody_after(path: Path, who: str) -> None:
    """Be it another command that writes, or a program that does not queue up as they do."""
    with closing(sqlite.open_ledger(path)) as first, closing(sqlite.open_ledger(path, patience=0.05)) as second:
        with closing(sqlite3.connect(path, isolation_level=None)) as other, contextlib.ExitStack() as held:
            if who == "a stranger":
                other.execute("BEGIN IMMEDIATE")
            else:
                held.enter_context(first.transaction())
            with pytest.raises(LedgerError) as told, second.transaction():
                pass
            assert told.value.hint.startswith("Another command writes to it")
        with first.transaction():
            first.add_person(Person("alice", "alice", NOW))
        with pytest.raises(KeyError), second.transaction():
            raise KeyError
        add_bob(path)
        with second.transaction():
            second.set_state("team", {"name": "acme"})
        assert [person.name for person in second.people()] == ["alice", "bob"]


def add_bob(path: Path) -> None:
    """Record Bob by a connection of its own."""
    with closing(sqlite.open_ledger(path)) as ledger, ledger.transaction():
        ledger.add_person(Person("bob", "bob", NOW))


def add_large_events(ledger: Ledger, number: int) -> None:
    """Record events of 400 kB each, all in one change."""
    with ledger.transaction():
        for _ in range(number):
            ledger.add_event(Event(NOW, Actor("lead", "desk"), "issue", "alice", {"large": "x" * 400_000}))


def rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Ask the file itself."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()
