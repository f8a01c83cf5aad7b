"""A ledger of many: nothing looks at everybody to find a few, and what is long is read page by page."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.ledger import migrations, rows, sql, sqlite
from certkit.ledger.interface import (
    Actor,
    Anchors,
    Certificate,
    Code,
    CodeUse,
    Daemon,
    Device,
    Event,
    LeadRole,
    Ledger,
    Person,
    Proposal,
    Revocation,
)

NOW = datetime(2026, 11, 24, 12, 30, 15, tzinfo=UTC)
YEAR = timedelta(days=365)
WHY = Revocation(NOW, "superseded")
PEOPLE = ["alice", "bob", "carol", "dave", "eve"]
PROPOSAL = Proposal("6f", "alice", NOW, NOW + YEAR, "rotate", {"options": {}}, 2, ("alice",))
LABEL = b"-----BEGIN CERTIFICATE-----\nlabel"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a ledger of five people with a laptop each; Eve has none."""
    with closing(sqlite.create(tmp_path / "ledger.sqlite")) as ledger, ledger.transaction():
        ledger.put_daemon(Daemon("build", "tcp://build:8372", ("build",), NOW))
        for number, name in enumerate(PEOPLE):
            ledger.add_person(Person(name, name, NOW))
            ledger.add_event(Event(NOW, Actor("lead", "desk"), "issue", name))
            if name != "eve":
                ledger.add_device(Device(name, "laptop", "laptop", NOW))
                for renewal in (1, 2):
                    ledger.add_certificate(certificate(name, f"{number}{renewal}", NOW + number * YEAR))
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with closing(sqlite.open_ledger(path)) as ledger:
        yield ledger


def certificate(name: str, serial: str, end: datetime) -> Certificate:
    return Certificate(serial, "device", "6f:0c", end - YEAR, end, b"", NOW, name, "laptop", pin=serial)


def published(number: int) -> Anchors:
    return Anchors(number, NOW, b"-----BEGIN CERTIFICATE-----\nanchor\n" + LABEL, b"list", (1,), ("name",))


EVERYTHING: dict[str, Callable[[Ledger], object]] = {
    "people": lambda ledger: ledger.people(),
    "names": lambda ledger: ledger.names(),
    "count_people": lambda ledger: ledger.count_people(),
    "devices": lambda ledger: ledger.devices(),
    "count_enrolled": lambda ledger: ledger.count_enrolled(NOW),
    "enrolled_beginning": lambda ledger: ledger.enrolled_beginning(NOW),  # by a clock that was ahead: none, as a rule
    "daemons": lambda ledger: ledger.daemons(),
    "leads": lambda ledger: ledger.leads(),
    "codes": lambda ledger: ledger.codes(),
    "subjects": lambda ledger: ledger.subjects(),
    "events": lambda ledger: ledger.events(limit=3),  # from the newest, as far as that
    "newest_anchors": lambda ledger: ledger.newest_anchors(),  # likewise
    "newest_number": lambda ledger: ledger.newest_number(),
    "size": lambda ledger: ledger.size(),
}
"""What is about everything that there is, or what there are few of, and so reads whole tables."""

FEW: dict[str, Callable[[Ledger], object]] = {
    "add_person": lambda ledger: ledger.add_person(Person("frank", "frank", NOW)),
    "person": lambda ledger: ledger.person("alice"),
    "applicant": lambda ledger: ledger.applicant("alice", "laptop", "01"),
    "person_folded": lambda ledger: ledger.person_folded("alice"),
    "add_device": lambda ledger: ledger.add_device(Device("eve", "laptop", "laptop", NOW)),
    "device": lambda ledger: ledger.device("alice", "laptop"),
    "devices of one": lambda ledger: ledger.devices("alice"),
    "enrolled": lambda ledger: list(ledger.enrolled()),
    "enrolled of one": lambda ledger: list(ledger.enrolled("alice")),
    "enrolled_ending": lambda ledger: ledger.enrolled_ending(NOW, NOW + YEAR, NOW + 2 * YEAR),
    "set_person_revoked": lambda ledger: ledger.set_person_revoked("alice", WHY),
    "set_device_revoked": lambda ledger: ledger.set_device_revoked("bob", "laptop", WHY),
    "set_device_came": lambda ledger: ledger.set_device_came("alice", "laptop", NOW, "01"),
    "put_daemon": lambda ledger: ledger.put_daemon(Daemon("arm", "tcp://arm:8372", ("arm",), NOW)),
    "daemon": lambda ledger: ledger.daemon("build"),
    "add_certificate": lambda ledger: ledger.add_certificate(certificate("alice", "ff", NOW)),
    "certificate": lambda ledger: ledger.certificate("01"),
    "certificates of one": lambda ledger: ledger.certificates("device", person="alice", newest_only=True),
    "certificates of a daemon": lambda ledger: ledger.certificates("daemon", daemon="build", newest_only=True),
    "certificates": lambda ledger: ledger.certificates("device", unexpired_at=NOW, newest_only=True),
    "certificates_of_key": lambda ledger: ledger.certificates_of_key("01"),
    "revoked_certificates": lambda ledger: ledger.revoked_certificates(NOW),
    "add_code": lambda ledger: ledger.add_code(Code("6f", "alice", None, "", NOW, NOW + YEAR, 2, 2)),
    "code": lambda ledger: ledger.code("6f"),
    "codes that count": lambda ledger: ledger.codes(unexpired_at=NOW),
    "cancel_code": lambda ledger: ledger.cancel_code("6f", NOW),
    "take_use": lambda ledger: ledger.take_use("6f", CodeUse(NOW, "", "01")),
    "code_of_certificate": lambda ledger: ledger.code_of_certificate("01"),
    "uses_of_code": lambda ledger: ledger.uses_of_code("6f"),
    "add_lead": lambda ledger: ledger.add_lead(LeadRole("alice", NOW)),
    "remove_lead": lambda ledger: ledger.remove_lead("alice"),
    "lead": lambda ledger: ledger.lead("alice"),
    "put_proposal": lambda ledger: ledger.put_proposal(PROPOSAL),
    "proposal": lambda ledger: ledger.proposal("6f"),
    "proposals": lambda ledger: ledger.proposals(unexpired_at=NOW),
    "add_anchors": lambda ledger: ledger.add_anchors(published(1)),
    "anchors": lambda ledger: ledger.anchors(1),
    "generations_since": lambda ledger: ledger.generations_since(1),
    "state": lambda ledger: ledger.state("team"),
    "set_state": lambda ledger: ledger.set_state("team", {}),
    "add_event": lambda ledger: ledger.add_event(Event(NOW, Actor("lead", "desk"), "issue", "alice")),
    "events of one": lambda ledger: ledger.events(subject="alice", action="issue", limit=1),
    "each_event": lambda ledger: list(ledger.each_event()),
    "each_event of one": lambda ledger: list(ledger.each_event(subject="alice")),
}
"""What is about a few, or is read page by page: an index leads to each row."""

NO_STATEMENTS = {
    *("transaction", "part", "foreseeing", "locked", "wait", "close", "is_remote"),
    *("export", "verify", "migrate", "update", "version"),
}


def test_every_question_to_a_ledger_has_its_plan_looked_at() -> None:
    known = {name for name in vars(sql.SqlLedger) if not name.startswith("_")} - NO_STATEMENTS
    assert {name.split()[0] for name in EVERYTHING | FEW} == known


@pytest.mark.parametrize("name", FEW)
def test_whatever_is_about_a_few_is_found_by_an_index(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[str] = []
    run = sqlite.SqliteDatabase.execute

    def explain(database: sqlite.SqliteDatabase, statement: str, values: sql.Values) -> list[rows.Row]:
        if not statement.startswith(("BEGIN", "COMMIT")):
            plans.extend(str(row[3]) for row in run(database, f"EXPLAIN QUERY PLAN {statement}", values))
        return run(database, statement, values)

    with closing(sqlite.open_ledger(path)) as ledger:
        monkeypatch.setattr(sqlite.SqliteDatabase, "execute", explain)
        with ledger.transaction():
            FEW[name](ledger)
    # The newest publication is the first that is come upon; the others are no tables.
    expected = {"SCAN anchors", "SCAN CONSTANT ROW", "SCAN one"}
    assert [step for step in plans if step.startswith("SCAN") and step not in expected] == []


def test_devices_come_with_their_newest_certificates_page_by_page(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(ledger.enrolled())
    assert [(each.device.person, each.newest and each.newest.serial) for each in whole] == [
        ("alice", "02"),
        ("bob", "12"),
        ("carol", "22"),
        ("dave", "32"),
    ]
    monkeypatch.setattr(sql, "_PAGE", 2)
    assert list(ledger.enrolled()) == whole
    assert list(ledger.enrolled("bob")) == [whole[1]]
    assert [event.subject for event in ledger.each_event()] == PEOPLE


def test_who_is_shut_out_is_neither_counted_nor_named_as_ending(ledger: Ledger) -> None:
    assert ledger.count_enrolled(NOW) == 3
    assert sorted(each.device.person for each in ledger.enrolled_ending(NOW, NOW + 2 * YEAR, NOW)) == ["bob", "carol"]
    assert sorted(each.device.person for each in ledger.enrolled_beginning(NOW)) == ["carol", "dave"]
    with ledger.transaction():
        ledger.set_person_revoked("bob", WHY)
        ledger.set_device_revoked("carol", "laptop", WHY)
    assert ledger.count_enrolled(NOW) == 1
    assert ledger.enrolled_ending(NOW, NOW + 2 * YEAR, NOW) == []
    assert [each.device.person for each in ledger.enrolled() if each.is_shut_out] == ["bob", "carol"]
    assert [each.serial for each in ledger.revoked_certificates(NOW)] == ["11", "12", "21", "22"]


def test_who_comes_to_the_server_is_named_as_ending_for_another_time_before(ledger: Ledger) -> None:
    def ending(until: datetime, of_who_come: datetime) -> list[str]:
        return sorted(each.device.person for each in ledger.enrolled_ending(NOW, until, of_who_come))

    assert ending(NOW, NOW + 2 * YEAR) == []
    with ledger.transaction():
        ledger.set_device_came("bob", "laptop", NOW - timedelta(days=1))
        ledger.set_device_came("carol", "laptop", NOW)
    assert ending(NOW, NOW + 2 * YEAR) == ["carol"]  # Bob has not come since
    assert ending(NOW + YEAR, NOW + 2 * YEAR) == ["bob", "carol"]
    assert ending(NOW + 2 * YEAR, NOW) == ["bob", "carol"]


def test_of_a_publication_that_was_replaced_the_label_is_kept_and_no_more(ledger: Ledger) -> None:
    for number in (1, 2, 3):
        with ledger.transaction():
            ledger.add_anchors(published(number))
    kept = Anchors(1, NOW, LABEL, b"", (1,))
    assert [ledger.anchors(number) for number in (1, 2)] == [kept, kept._replace(number=2)]
    assert ledger.newest_anchors() == published(3)
    assert ledger.generations_since(1) == [(1,), (1,), (1,)]


def test_a_former_ledger_loses_what_its_replaced_publications_held(path: Path) -> None:
    with closing(sqlite.open_ledger(path)) as ledger:
        for number in (1, 2, 3):
            with ledger.transaction():
                ledger.add_anchors(published(number))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE anchors SET ca = ?, crl = 'list', excluded = '[\"name\"]'", [published(1).ca])
        migrations.shorten_all_but_newest(lambda statement, **values: database.execute(statement, values).fetchall())
        found = database.execute("SELECT ca, crl, excluded FROM anchors ORDER BY number").fetchall()
    assert found == [(LABEL, b"", "[]"), (LABEL, b"", "[]"), (published(3).ca, "list", '["name"]')]


def test_two_former_names_that_look_alike_stay_two(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for former, name in (("alice", "a\u034fl"), ("bob", "a\u200bl")):
            database.execute("UPDATE people SET name = ?, folded = ? WHERE name = ?", (name, name, former))
        migrations.fold_anew(lambda statement, **values: database.execute(statement, values).fetchall())
        folded = database.execute("SELECT folded FROM people ORDER BY name LIMIT 2").fetchall()
    assert folded == [("al",), ("a\u200bl",)]
