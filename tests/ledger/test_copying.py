"""A ledger is copied into another database whole, and compared, or not at all."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from certkit import ledger as ledgers
from certkit.errors import CertkitError, RefusedError
from certkit.ledger import copying, create_ledger, file_url, open_ledger, urls
from certkit.ledger.interface import CodeUse, Ledger
from certkit.ledger.sql import LedgerError
from tests.homes import everything
from tests.ledger.test_ledger import ANCHORS, BUILD, CODE, EVENT, LEAD, NOW, PROPOSAL, device_certificate, enroll
from tests.postgres.fixtures import NewUrl
from tests.postgres.server import Server


@pytest.fixture
def full(new_url: NewUrl) -> str:
    """Make a ledger with something in every table, in every database in turn."""
    url = new_url()
    with closing(create_ledger(url)) as ledger:
        enroll(ledger, device_certificate(1), device_certificate(2, "desk"))
        with ledger.transaction():
            fill(ledger)
    return url


def fill(ledger: Ledger) -> None:
    ledger.put_daemon(BUILD)
    ledger.add_anchors(ANCHORS)
    ledger.set_state("rotation", {"stage": "prepared"})
    ledger.add_code(CODE)
    ledger.take_use(CODE.digest, CodeUse(NOW, "aa", "0001"))
    ledger.add_lead(LEAD)
    ledger.put_proposal(PROPOSAL)


def test_a_ledger_is_copied_from_every_database_into_every_other_and_back(
    full: str, tmp_path: Path, postgres: Server
) -> None:
    targets = [postgres.new_url(), file_url(tmp_path / "first.sqlite"), file_url(tmp_path / "second.sqlite")]
    for source, target in zip([full, *targets], targets, strict=False):
        counts = copying.copy(source, target)
        assert counts == {table: len(rows) for table, rows in everything(full).items()}
        assert everything(target) == everything(full)
    assert all(counts.values())
    assert (tmp_path / "first.sqlite").stat().st_mode & 0o777 == 0o600


def test_every_table_is_copied(new_url: NewUrl) -> None:
    url = new_url()
    create_ledger(url).close()
    listing = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        if urls.is_postgresql(url)
        else "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    )
    with closing(ledgers.opened(url)) as ledger:
        found = {name for (name,) in ledger.database.execute(listing, {})}
    assert found - {"migrations"} == {*copying.TABLES}


def test_what_is_recorded_after_a_copy_comes_behind_what_was_before(full: str, new_url: NewUrl) -> None:
    target = new_url()
    copying.copy(full, target)
    with closing(open_ledger(target)) as ledger:
        with ledger.transaction():
            ledger.add_event(EVENT._replace(subject="later"))
            ledger.add_certificate(device_certificate(3))
            ledger.add_code(CODE._replace(digest="77", expires=NOW + timedelta(hours=3)))
        assert ledger.events()[-1].subject == "later"
        assert [each.serial for each in ledger.certificates("device")] == ["0001", "0002", "0003"]
        assert [each.digest for each in ledger.codes()] == [CODE.digest, "77"]


def test_nothing_is_copied_over_a_ledger(full: str, new_url: NewUrl) -> None:
    other = new_url()
    with closing(create_ledger(other)) as ledger, ledger.transaction():
        ledger.add_event(EVENT)
    before = everything(other)
    with pytest.raises(RefusedError):
        copying.copy(full, other)
    assert everything(other) == before


def test_an_empty_ledger_in_a_database_is_filled(full: str, postgres: Server) -> None:
    target = postgres.new_url()
    create_ledger(target).close()
    copying.copy(full, target)
    assert everything(target) == everything(full)


def test_a_copy_that_fails_leaves_nothing(
    full: str, tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(_self: object) -> object:
        return object()

    with monkeypatch.context() as patch:
        patch.setattr(copying._Digest, "value", other)  # noqa: SLF001  what arrives is never what was sent
        for target in (url := postgres.new_url(), file_url(tmp_path / "copy.sqlite")):
            with pytest.raises(LedgerError, match="is not what was sent"):
                copying.copy(full, target)
    assert not any(everything(url).values())
    assert not list(tmp_path.glob("copy*"))


def test_what_a_crafted_file_holds_is_refused_in_words(tmp_path: Path, postgres: Server) -> None:
    crafted = file_url(tmp_path / "crafted.sqlite")
    with closing(ledgers.created(crafted)) as ledger, ledger.transaction():
        ledger.database.execute("INSERT INTO states (name, value) VALUES (:name, '{}')", {"name": "a\0b"})
    with pytest.raises(CertkitError, match="the ledger cannot be used"):
        copying.copy(crafted, postgres.new_url())
