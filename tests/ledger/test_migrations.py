"""The schema is brought up to date by whoever opens a ledger first, once, while others are at it, or not at all."""

import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest

from certkit import ledger as ledgers
from certkit.errors import CertkitError
from certkit.ledger import create_ledger, migrations, open_ledger, sql
from certkit.ledger.interface import Person
from certkit.ledger.rows import Row
from tests.postgres.fixtures import NewUrl

ALICE = Person("alice", "alice", datetime(2026, 11, 24, 12, tzinfo=UTC))
STEPS = ("CREATE TABLE extra (id {identity}, content {bytes})", "CREATE INDEX by_id ON extra (id)")


@pytest.fixture
def url(new_url: NewUrl) -> str:
    """Make a ledger with Alice in it, in every database in turn."""
    found = new_url()
    with closing(create_ledger(found)) as ledger, ledger.transaction():
        ledger.add_person(ALICE)
    return found


def rows(url: str, statement: str) -> list[Row]:
    """Ask the database itself."""
    with closing(ledgers.opened(url)) as ledger:
        return ledger.database.execute(statement, {})


def test_a_step_that_is_new_is_applied_once_and_nothing_is_lost(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later = (*migrations.MIGRATIONS, STEPS)
    monkeypatch.setattr(sql, "MIGRATIONS", later)
    for _ in range(2):
        with closing(open_ledger(url)) as ledger:
            assert ledger.people() == [ALICE]
    assert rows(url, "SELECT number FROM migrations ORDER BY number") == [(each + 1,) for each in range(len(later))]
    assert rows(url, "SELECT id FROM extra") == []


def test_a_step_that_fails_leaves_the_ledger_as_it_was(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (*migrations.MIGRATIONS, (STEPS[0], "no SQL"))
    with monkeypatch.context() as patch:
        patch.setattr(sql, "MIGRATIONS", broken)
        with pytest.raises(CertkitError, match="the ledger cannot be used"):
            open_ledger(url)
    with pytest.raises(CertkitError, match="extra"):
        rows(url, "SELECT id FROM extra")
    open_ledger(url).close()


def test_a_ledger_of_a_newer_certkit_is_left_alone(url: str) -> None:
    with closing(ledgers.opened(url)) as ledger, ledger.transaction():
        ledger.database.execute("INSERT INTO migrations (number) VALUES (99)", {})
    with pytest.raises(CertkitError, match="written by a newer certkit") as caught:
        open_ledger(url)
    assert "Update certkit" in caught.value.hint


def test_whoever_has_a_ledger_open_goes_on_while_it_is_brought_up_to_date(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_ledger(url)) as former:
        monkeypatch.setattr(sql, "MIGRATIONS", (*migrations.MIGRATIONS, ("ALTER TABLE people ADD COLUMN seen TEXT",)))
        open_ledger(url).close()
        with former.transaction():
            former.add_person(Person("bob", "bob", ALICE.created))
        assert [each.name for each in former.people()] == ["alice", "bob"]


def test_of_several_that_open_a_former_ledger_at_once_one_brings_it_up_to_date(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = (*migrations.MIGRATIONS, STEPS)
    monkeypatch.setattr(sql, "MIGRATIONS", later)
    failures: list[Exception] = []

    def attempt() -> None:
        try:
            open_ledger(url).close()
        except CertkitError as error:
            failures.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert rows(url, "SELECT count(*) FROM migrations") == [(len(later),)]
