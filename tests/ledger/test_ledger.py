"""What every ledger keeps and gives back, whatever database it lives in."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from certkit.errors import InvalidError, RefusedError
from certkit.ledger import create_ledger, file_url, import_ledger, open_ledger, sql
from certkit.ledger.interface import (
    Actor,
    Anchors,
    Applicant,
    Certificate,
    Code,
    CodeUse,
    Daemon,
    Device,
    Event,
    KeyHolder,
    LeadRole,
    Ledger,
    Person,
    Proposal,
    Revocation,
    Sync,
)
from tests.postgres.fixtures import NewUrl

NOW = datetime(2026, 11, 24, 12, 30, 15, tzinfo=UTC)
ALICE = Person("Žofie @ acme", "alice", NOW)
LAPTOP = Device(ALICE.name, "laptop", "laptop", NOW)
BUILD = Daemon("build", "tcp://build.acme.example:8372", ("build.acme.example", "::7"), NOW)
EVENT = Event(NOW, Actor("lead", "desk", "home"), "issue", "alice", {"device": "läptop", "hosts": ["a", "b"]})

LEAD = LeadRole(ALICE.name, NOW)
PROPOSAL = Proposal(
    "6f", ALICE.name, NOW, NOW + timedelta(days=1), "rotate", {"options": {"role": "client"}}, 2, (ALICE.name,)
)

Open = Callable[[], Ledger]


@pytest.fixture
def opened(new_url: NewUrl) -> Open:
    """Return a way to connect to one ledger, each time anew, in every database in turn."""
    url = new_url()
    create_ledger(url).close()
    return lambda: open_ledger(url)


@pytest.fixture
def ledger(opened: Open) -> Iterator[Ledger]:
    with closing(opened()) as ledger:
        yield ledger


def device_certificate(number: int, device: str = "laptop") -> Certificate:
    """Make the row of a certificate of Alice's that lives `number` days."""
    return Certificate(
        serial=f"{number:04x}",
        kind="device",
        issuer="6f:0c",
        not_before=NOW,
        not_after=NOW + timedelta(days=number),
        der=bytes(range(256)),
        created=NOW,
        person=ALICE.name,
        device=device,
        trusts=(1, 2),
    )


def enroll(ledger: Ledger, *certificates: Certificate) -> None:
    """Record Alice, her two devices and certificates of them."""
    with ledger.transaction():
        ledger.add_event(EVENT)
        ledger.add_person(ALICE)
        ledger.add_device(LAPTOP)
        ledger.add_device(LAPTOP._replace(name="desk", label="desk"))
        for certificate in certificates:
            ledger.add_certificate(certificate)


def test_what_is_recorded_is_there_in_another_connection(opened: Open, ledger: Ledger) -> None:
    certificate = device_certificate(1)
    enroll(ledger, certificate)
    with ledger.transaction():
        ledger.put_daemon(BUILD)
        ledger.set_state("rotation", {"stage": "prepared"})
    with closing(opened()) as other:
        assert other.person(ALICE.name) == ALICE
        assert other.device(ALICE.name, "laptop") == LAPTOP
        assert other.daemon("build") == BUILD
        assert other.certificate("0001") == certificate
        assert other.events() == [EVENT]
        assert other.state("rotation") == {"stage": "prepared"}


def test_what_was_never_recorded_is_not_there(ledger: Ledger) -> None:
    for found in (ledger.person("a"), ledger.device("a", "b"), ledger.daemon("a"), ledger.certificate("00")):
        assert found is None
    assert not any((ledger.people(), ledger.devices(), ledger.daemons(), ledger.events()))
    assert ledger.certificates("device") == []


def test_a_time_is_kept_in_utc_and_whole_seconds(ledger: Ledger) -> None:
    elsewhere = NOW.replace(microsecond=999_999).astimezone(timezone(timedelta(hours=-11)))
    with ledger.transaction():
        ledger.add_person(ALICE._replace(created=elsewhere))
    [found] = ledger.people()
    assert (found.created, found.created.utcoffset()) == (NOW, timedelta(0))


def test_a_change_that_fails_is_undone_as_a_whole(opened: Open, ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.add_person(ALICE._replace(name="Bob"))
    with pytest.raises(RefusedError):
        enroll(ledger)
    with closing(opened()) as other:
        assert [person.name for person in other.people()] == ["Bob"]
        assert not other.events()
        assert not other.devices()


def test_a_change_is_not_seen_before_it_is_complete(opened: Open, ledger: Ledger) -> None:
    with closing(opened()) as other:
        with ledger.transaction():
            ledger.add_person(ALICE)
            assert other.people() == []
        assert other.people() == [ALICE]


def test_a_change_sees_what_it_has_written_itself_in_its_order(ledger: Ledger) -> None:
    events = [EVENT._replace(subject=str(number)) for number in range(3)]
    with ledger.transaction():
        ledger.add_person(ALICE)
        ledger.set_person_revoked(ALICE.name, Revocation(NOW, "superseded"))
        ledger.set_person_revoked(ALICE.name, None)
        ledger.add_device(LAPTOP)
        ledger.set_device_came(ALICE.name, LAPTOP.name, NOW, "0a")
        for event in events:
            ledger.add_event(event)
        assert ledger.applicant(ALICE.name, LAPTOP.name).device == LAPTOP._replace(came=NOW, shown="0a")
        assert ledger.people() == [ALICE]
        assert ledger.events() == events


def test_a_part_that_fails_is_undone_and_nothing_else_is(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.part():
            ledger.add_event(EVENT._replace(subject="undone"))
            raise KeyError

    with ledger.transaction():
        ledger.add_event(EVENT)
        with pytest.raises(KeyError):
            fail()
        with pytest.raises(sql.DuplicateError), ledger.part():
            ledger.add_certificate(device_certificate(1))  # of nobody
        ledger.add_event(EVENT._replace(subject="bob"))
    assert [event.subject for event in ledger.events()] == ["alice", "bob"]


def test_an_applicant_is_known_by_name_by_device_and_by_whoever_has_the_key(ledger: Ledger) -> None:
    enroll(ledger, device_certificate(1)._replace(pin="aa"), device_certificate(2, "desk")._replace(pin="aa"))
    laptop, desk = (KeyHolder(ALICE.name, name, None) for name in ("laptop", "desk"))
    assert ledger.applicant(ALICE.name, "laptop") == Applicant(ALICE, LAPTOP, ())
    assert ledger.applicant(ALICE.name, None, "bb") == Applicant(ALICE, None, ())
    found = ledger.applicant("bob", "laptop", "aa")
    assert found == Applicant(None, None, found.holders)
    assert sorted(found.holders) == [desk, laptop]


def test_what_is_found_out_at_once_is_what_is_found_out_one_by_one(ledger: Ledger) -> None:
    enroll(ledger, device_certificate(1)._replace(pin="aa"), device_certificate(2, "desk")._replace(pin="aa"))
    with ledger.transaction():
        ledger.add_code(CODE)
        ledger.set_state("team", {"name": "acme"})
    wanted = [(ALICE.name, "laptop", "cc"), ("bob", "laptop", "aa"), ("carol", None, "bb"), ("dora", "laptop", None)]
    digests = [CODE.digest, "unknown"]

    def found() -> tuple[object, ...]:
        applicants = [ledger.applicant(*each) for each in wanted]
        holders = sorted(applicants[1].holders)  # in any order
        states = [ledger.state(each) for each in ("team", "unknown")]
        return applicants[0], holders, applicants[2:], [ledger.code(each) for each in digests], states

    expected = found()
    for _ in range(2):  # the second block knows which states the first has asked for
        with ledger.foreseeing(wanted, digests):
            assert found() == expected
    with ledger.transaction(), ledger.foreseeing(wanted, digests):
        ledger.set_state("team", {"name": "another"})
        assert ledger.state("team") == {"name": "another"}
        assert ledger.applicant("carol", None, "bb").person is None
        ledger.add_person(Person("carol", "carol", NOW))
        carol = ledger.applicant("carol", None, "bb").person
        assert carol
        assert carol.name == "carol"


def test_of_applicants_who_have_to_do_with_each_other_the_second_sees_what_was_recorded_of_the_first(
    ledger: Ledger,
) -> None:
    enroll(ledger)
    applications = [(ALICE.name, "laptop", "aa"), ("bob", "laptop", "aa"), ("bob", "desk", "bb")]
    with ledger.transaction(), ledger.foreseeing(applications):
        assert ledger.applicant(*applications[0]).holders == ()
        ledger.add_certificate(device_certificate(1)._replace(pin="aa"))
        [holder] = ledger.applicant(*applications[1]).holders
        assert holder.person == ALICE.name
        ledger.add_person(Person("bob", "bob", NOW))
        assert ledger.applicant(*applications[2]).person


def test_two_people_cannot_share_a_label(ledger: Ledger) -> None:
    enroll(ledger)
    with pytest.raises(RefusedError, match=f"Bob is too similar to {ALICE.name}"), ledger.transaction():
        ledger.add_person(Person("Bob", ALICE.label, NOW))
    with pytest.raises(RefusedError, match=r"laptop 2 is too similar to that of another device"), ledger.transaction():
        ledger.add_device(LAPTOP._replace(name="laptop 2"))
    assert [person.name for person in ledger.people()] == [ALICE.name]


def test_names_that_differ_in_letters_case_only_are_one_person_s(ledger: Ledger) -> None:
    enroll(ledger)
    with pytest.raises(RefusedError, match="who is there already"), ledger.transaction():
        ledger.add_person(Person(ALICE.name.swapcase(), "another", NOW))


def test_a_certificate_of_nobody_cannot_be_recorded(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="the ledger refused a change"), ledger.transaction():
        ledger.add_certificate(device_certificate(1))


def test_a_serial_number_is_recorded_once(ledger: Ledger) -> None:
    enroll(ledger, device_certificate(1))
    with pytest.raises(Exception, match="the ledger refused a change"), ledger.transaction():
        ledger.add_certificate(device_certificate(1))


@pytest.mark.parametrize("serial", ["00", "8" + "0" * 39, "f" * 40])
def test_a_serial_number_that_no_certificate_can_have_is_damage(ledger: Ledger, serial: str) -> None:
    longest = device_certificate(1)._replace(serial="7" + "f" * 39)
    enroll(ledger, longest)
    assert ledger.certificates("device") == [longest]
    with ledger.transaction():
        ledger.add_certificate(device_certificate(2)._replace(serial=serial))
    with pytest.raises(sql.LedgerError, match="the ledger is damaged"):
        ledger.certificates("device")


def test_somebody_is_shut_out_and_let_in_again(ledger: Ledger) -> None:
    enroll(ledger)
    why = Revocation(NOW + timedelta(days=1), "keyCompromise")
    with ledger.transaction():
        ledger.set_person_revoked(ALICE.name, why)
        ledger.set_device_revoked(ALICE.name, "desk", why)
    assert ledger.people() == [ALICE._replace(revoked=why)]
    assert {device.name: device.revoked for device in ledger.devices(ALICE.name)} == {"desk": why, "laptop": None}
    with ledger.transaction():
        ledger.set_person_revoked(ALICE.name, None)
    assert ledger.people() == [ALICE]


def test_a_device_that_comes_is_kept_with_what_it_showed_last(ledger: Ledger) -> None:
    enroll(ledger)
    for came, shown in ((NOW, None), (NOW + timedelta(days=1), "0a"), (NOW + timedelta(days=2), None)):
        with ledger.transaction():
            ledger.set_device_came(ALICE.name, "laptop", came, shown)
    [desk, laptop] = ledger.devices()
    assert laptop == LAPTOP._replace(came=NOW + timedelta(days=2), shown="0a")
    assert (desk.came, desk.shown) == (None, "")


def test_a_daemon_is_put_anew_and_its_certificates_stay(ledger: Ledger) -> None:
    moved = BUILD._replace(url="tcp://new:8372", hosts=("new",), proven=3)
    certificate = device_certificate(1)._replace(kind="daemon", person=None, device=None, daemon="build", trusts=())
    with ledger.transaction():
        ledger.put_daemon(BUILD)
        ledger.add_certificate(certificate)
        ledger.put_daemon(moved)
    assert ledger.daemons() == [moved]
    assert ledger.certificates("daemon", daemon="build") == [certificate]


def test_a_daemon_whose_host_syncs_is_known_with_what_it_has_said(ledger: Ledger) -> None:
    sync = Sync(NOW, renew=NOW, said=NOW + timedelta(seconds=3), outcome="failed", reason="restart-failed")
    host_s = BUILD._replace(sync=sync, proven_at=NOW)
    with ledger.transaction():
        ledger.put_daemon(BUILD)
        ledger.put_daemon(host_s)
    assert ledger.daemon("build") == host_s
    with ledger.transaction():
        ledger.put_daemon(host_s._replace(sync=Sync(NOW), proven_at=None))
    assert ledger.daemon("build") == BUILD._replace(sync=Sync(NOW))


def test_certificates_come_oldest_first_and_can_be_narrowed(ledger: Ledger) -> None:
    first, second, third = device_certificate(3), device_certificate(2), device_certificate(1, "desk")
    enroll(ledger, first, second, third)
    assert ledger.certificates("device") == [first, second, third]
    assert ledger.certificates("device", newest_only=True) == [second, third]
    assert ledger.certificates("device", unexpired_at=NOW + timedelta(days=2)) == [first]
    assert ledger.certificates("device", person="somebody else") == []
    assert ledger.certificates("canary") == []


def test_the_log_grows_at_its_end_and_shows_the_newest(ledger: Ledger) -> None:
    events = [EVENT._replace(subject=f"{number % 2}", detail={"number": number}) for number in range(6)]
    for event in events:
        with ledger.transaction():
            ledger.add_event(event)
    assert ledger.events() == events
    assert ledger.events(limit=2) == events[-2:]
    assert ledger.events(subject="1") == events[1::2]
    assert ledger.events(subject="1", limit=1) == events[-1:]


def test_what_is_exported_is_a_ledger_again(ledger: Ledger, tmp_path: Path) -> None:
    enroll(ledger, device_certificate(1))
    ledger.verify()
    with closing(import_ledger(file_url(tmp_path / "copy.sqlite"), ledger.export())) as copy:
        assert (copy.people(), copy.events()) == (ledger.people(), ledger.events())
        assert copy.certificates("device") == ledger.certificates("device")
    assert (tmp_path / "copy.sqlite").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "url", ["mysql://db/acme", "sqlite://host/path", "sqlite:path", "/path", "", "sqlite://[/path"]
)
def test_a_url_of_no_known_kind_is_invalid(url: str) -> None:
    with pytest.raises(InvalidError, match="is not the URL of a ledger"):
        open_ledger(url)


def test_no_statement_leaves_columns_unnamed() -> None:
    """A column that a later certkit adds must not shift what an earlier one reads."""
    text = Path(sql.__file__).read_text()
    assert "SELECT *" not in text
    assert not re.search(r"INSERT INTO \w+ VALUES", text)


ANCHORS = Anchors(1, NOW, b"\x00ca\xff", b"crl", (1,), ("*.alice.acme.certkit.internal",))
CODE = Code("5e0c", ALICE.name, None, "buildctl", NOW, NOW + timedelta(hours=1), uses=2, left=2)


def test_a_code_gives_as_many_uses_as_it_has(ledger: Ledger) -> None:
    enroll(ledger, device_certificate(1), device_certificate(2))
    uses = [CodeUse(NOW, "aa", "0001"), CodeUse(NOW, "bb", "0002")]
    with ledger.transaction():
        ledger.add_code(CODE)
        assert [ledger.take_use(CODE.digest, use) for use in (*uses, uses[0])] == [True, True, False]
    assert ledger.code(CODE.digest) == CODE._replace(left=0)
    assert ledger.uses_of_code(CODE.digest) == uses
    assert ledger.code("other") is None


def test_a_use_that_is_rolled_back_is_left(ledger: Ledger) -> None:
    enroll(ledger, device_certificate(1))
    with ledger.transaction():
        ledger.add_code(CODE)
    with contextlib.suppress(KeyError), ledger.transaction():
        ledger.take_use(CODE.digest, CodeUse(NOW, "aa", "0001"))
        raise KeyError
    assert ledger.code(CODE.digest) == CODE


def test_codes_are_listed_until_they_expire_and_remember_that_they_were_cancelled(ledger: Ledger) -> None:
    enroll(ledger)
    other = CODE._replace(digest="6f00", device="laptop", expires=NOW + timedelta(hours=2))
    with ledger.transaction():
        ledger.add_code(CODE)
        ledger.add_code(other)
        ledger.cancel_code(other.digest, NOW)
    assert ledger.codes() == [CODE, other._replace(cancelled=NOW)]
    assert [each.digest for each in ledger.codes(unexpired_at=CODE.expires)] == [other.digest]


def test_a_code_is_a_person_s_or_that_of_a_daemon_s_host(ledger: Ledger) -> None:
    of_host = CODE._replace(person=None, device=None, client="", daemon="build", uses=1, left=1)
    with ledger.transaction():
        ledger.put_daemon(BUILD)
        ledger.add_code(of_host)
    assert ledger.codes() == [of_host]


def test_somebody_is_a_lead_from_one_day_on_until_they_are_none(ledger: Ledger) -> None:
    enroll(ledger)
    with ledger.transaction():
        ledger.add_lead(LEAD)
        ledger.add_lead(LEAD._replace(since=NOW + timedelta(days=1)))
    assert (ledger.leads(), ledger.lead(ALICE.name), ledger.lead("bob")) == ([LEAD], LEAD, None)
    with ledger.transaction():
        ledger.remove_lead(ALICE.name)
    assert (ledger.leads(), ledger.lead(ALICE.name)) == ([], None)


def test_a_proposal_waits_until_it_has_ended_or_expired_and_keeps_what_it_is_about(ledger: Ledger) -> None:
    enroll(ledger)
    later = PROPOSAL._replace(name="70", created=NOW + timedelta(hours=1), expires=NOW + timedelta(days=2))
    with ledger.transaction():
        ledger.put_proposal(later)
        ledger.put_proposal(PROPOSAL)
    assert ledger.proposal(PROPOSAL.name) == PROPOSAL
    assert ledger.proposals(unexpired_at=NOW) == [PROPOSAL, later]
    assert ledger.proposals(unexpired_at=PROPOSAL.expires) == [later]
    ended = PROPOSAL._replace(agreed=(ALICE.name, "bob"), ended=NOW, command="never changes")
    with ledger.transaction():
        ledger.put_proposal(ended)
    assert ledger.proposal(PROPOSAL.name) == ended._replace(command=PROPOSAL.command)
    assert ledger.proposals(unexpired_at=NOW) == [later]


def test_whoever_waits_is_told_of_a_publication_and_of_nothing_twice(opened: Open, ledger: Ledger) -> None:
    assert ledger.wait(60)  # the first time: what was published before must be looked at
    assert not ledger.wait(0.01)
    with closing(opened()) as other:
        with other.transaction():
            other.add_anchors(ANCHORS)
        assert ledger.wait(60)
        assert not ledger.wait(0.01)
        late = threading.Timer(0.2, publish, [opened])
        late.start()
        assert ledger.wait(60)
        late.join()
    newest = ledger.newest_anchors()
    assert newest
    assert newest.number == 2


def publish(opened: Open) -> None:
    """Record a publication by a connection of its own."""
    with closing(opened()) as ledger, ledger.transaction():
        ledger.add_anchors(ANCHORS._replace(number=2))


def test_two_writers_are_never_in_a_change_at_once(opened: Open) -> None:
    inside: list[int] = []

    def count(number: int) -> None:
        with closing(opened()) as ledger:
            for _ in range(5):
                with ledger.transaction():
                    inside.append(number)
                    ledger.set_state("count", {"of": (ledger.state("count") or {"of": 0})["of"] + 1})
                    assert inside.pop() == number

    threads = [threading.Thread(target=count, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with closing(opened()) as ledger:
        assert ledger.state("count") == {"of": 20}
