"""Changes that wait are made together, and each stands or falls alone."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from cryptography.x509 import Certificate
from psycopg import Connection

from certkit.authority import invitations, issuance, revocation
from certkit.authority.changes import changing
from certkit.authority.home import Home, open_home
from certkit.authority.invitations import DeadCodeError, Invitation
from certkit.authority.issuance import Certified
from certkit.authority.redemption import TakenError, Use
from certkit.authority.revocation import Subject
from certkit.authority.session import Session
from certkit.errors import CertkitError, RefusedError
from certkit.ledger import open_ledger
from certkit.ledger.interface import Person
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner
from certkit.server.worker import Operation, Worker
from tests.cli.conftest import ALICE, Lead
from tests.homes import move_ledger
from tests.postgres.server import Server
from tests.server.identity import ACTOR, redeem, started


@pytest.fixture
def place(database: str, home: Path) -> Home:
    """Return a home, with its ledger in every database in turn."""
    started(home)
    return open_home(home, lambda: b"")


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@contextlib.contextmanager
def session(place: Home) -> Iterator[Session]:
    """Open the home as a command does."""
    with changing(place, ACTOR, now()) as found:
        yield found


def invite(place: Home, uses: int = 1, person: str = ALICE) -> Invitation:
    """Make a code."""
    with session(place) as own:
        return invitations.invite(own, person, None, life=timedelta(hours=1), uses=uses)


def request() -> bytes:
    """Make a request for a new key."""
    return requests.make_der(KeySigner(keys.generate("p256")))


def using(code: Invitation, csr: bytes) -> Use:
    """Return the change that uses a code."""
    return Use(code.code.secret, csr)


def together(place: Home, *changes: Callable[[Session], Operation[object]]) -> list[object]:
    """Have changes made that all wait at once; return what became of each."""

    async def work() -> list[object]:
        worker = Worker(place, now)
        try:
            return await asyncio.gather(*(worker.change(ACTOR, each) for each in changes), return_exceptions=True)
        finally:
            await worker.close()

    return asyncio.run(work())


def people(place: Home) -> set[str]:
    """Return who is in the ledger."""
    with closing(open_ledger(place.ledger_url)) as ledger:
        return {each.name for each in ledger.people()}


def adding(name: str, error: Exception | None = None) -> Callable[[Session], Operation[str]]:
    """Return a change that adds somebody, and then fails if there is an error."""

    def make(own: Session) -> str:
        own.ledger.add_person(Person(name, name, own.now))
        if error:
            raise error
        return name

    return lambda _session: make


def test_one_that_fails_undoes_no_other_and_leaves_nothing(place: Home) -> None:
    refused, defect = RefusedError("no", code="no"), ValueError("a defect")
    found = together(place, adding("ann"), adding("bob", refused), adding("cy", defect), adding("ann"), adding("dora"))
    assert found[:3] == ["ann", refused, defect]
    assert isinstance(found[3], CertkitError)
    assert found[4] == "dora"
    assert people(place) == {"ann", "dora"}


def test_one_that_cannot_be_prepared_fails_alone(place: Home) -> None:
    error = RefusedError("no", code="no")

    def never(_session: Session) -> Operation[str]:
        raise error

    assert together(place, adding("ann"), never, adding("bob")) == ["ann", error, "bob"]


def test_whoever_leaves_keeps_nobody_from_their_answer(place: Home) -> None:
    async def work() -> object:
        worker = Worker(place, now)
        leaving = asyncio.create_task(worker.change(ACTOR, adding("ann")))
        staying = asyncio.create_task(worker.change(ACTOR, adding("bob")))
        reading = asyncio.create_task(worker.read(ACTOR, lambda own: own.team))
        await asyncio.sleep(0)
        leaving.cancel()
        try:
            return await staying, await reading
        finally:
            await worker.close()

    assert asyncio.run(work()) == ("bob", "acme")
    assert people(place) == {"bob"}


def test_what_waits_when_it_is_closed_is_finished(place: Home) -> None:
    async def work() -> list[str]:
        worker = Worker(place, now)
        waiting = [asyncio.create_task(worker.change(ACTOR, adding(f"person{each}"))) for each in range(70)]
        await asyncio.sleep(0)
        await worker.close()
        return await asyncio.gather(*waiting)

    assert len(asyncio.run(work())) == 70
    assert len(people(place)) == 70


def test_a_code_for_one_gives_one_of_those_who_wait_together_a_certificate(place: Home) -> None:
    code = invite(place)
    found = together(place, *(using(code, request()) for _ in range(20)))
    [_] = [each for each in found if isinstance(each, Certified)]
    assert sum(isinstance(each, TakenError) for each in found) == 19


def test_a_key_that_two_people_come_with_together_is_certified_for_one_of_them(place: Home) -> None:
    csr = request()
    others = [using(invite(place, person=each), request()) for each in ("carol", "dora")]
    found = together(place, *(using(invite(place, person=each), csr) for each in ("ann", "bob")), *others)
    [refused] = [each for each in found if not isinstance(each, Certified)]
    assert isinstance(refused, RefusedError)
    assert refused.code == "key-of-another"


def test_each_use_of_a_code_by_many_together_enrolls_another_device(place: Home) -> None:
    code = invite(place, uses=3)
    found = together(place, *(using(code, request()) for _ in range(5)))
    assert len({each.device for each in found if isinstance(each, Certified)}) == 3
    assert sum(isinstance(each, TakenError) for each in found) == 2


def test_no_two_devices_get_one_name_that_was_made_up(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["laptop-aaaa"] * 3 + ["laptop-bbbb"] * 2)
    monkeypatch.setattr(issuance, "_made_up_name", lambda: next(drawn))
    code = invite(place, uses=3)
    found = together(place, *(using(code, request()) for _ in range(2)))
    [first] = [each for each in found if isinstance(each, Certified)]
    [refused] = [each for each in found if isinstance(each, TakenError)]
    assert refused.code == "device-taken"
    [second] = together(place, using(code, request()))
    assert isinstance(second, Certified)
    assert {first.device, second.device} == {"laptop-aaaa", "laptop-bbbb"}
    with session(place) as lead:
        assert [each.used for each in invitations.listed(lead)] == [2]


def test_who_is_revoked_between_request_and_commit_gets_nothing_and_the_code_stays(place: Home) -> None:
    code, csr = invite(place), request()

    def late(own: Session) -> Operation[object]:
        prepared = using(code, csr)(own)
        with session(place) as lead:
            revocation.revoke(lead, Subject(ALICE), "left")
        return prepared

    others = [using(invite(place, person=each), request()) for each in ("ann", "bob")]
    found, *served = together(place, late, *others)
    assert isinstance(found, RefusedError)
    assert found.code == "person-revoked"
    assert all(isinstance(each, Certified) for each in served)
    with session(place) as lead:
        assert [each.used for each in invitations.listed(lead) if each.person == ALICE] == [0]


def test_a_code_that_is_cancelled_between_request_and_commit_gives_nothing(place: Home) -> None:
    code, csr = invite(place), request()

    def late(own: Session) -> Operation[object]:
        prepared = using(code, csr)(own)
        with session(place) as lead:
            invitations.cancel(lead, code.state.id)
        return prepared

    [found] = together(place, late)
    assert isinstance(found, TakenError)
    with session(place) as lead, pytest.raises(DeadCodeError) as error:
        redeem(lead, code.code.secret, csr)
    assert error.value.code == "code-cancelled"


def test_what_is_remembered_follows_what_commands_change(lead: Lead, place: Home) -> None:
    """A new authority signs as soon as it is switched to."""
    codes = [invite(place) for _ in range(2)]

    async def work() -> list[Certificate]:
        worker, found = Worker(place, now), []
        for code, command in (
            (codes[0], [["rotate", "client", "prepare"], ["rotate", "client", "switch", "--force"]]),
            (codes[1], []),
        ):
            made = await worker.change(ACTOR, using(code, request()))
            assert isinstance(made, Certified)
            found.append(made.certificate)
            for each in command:
                assert lead(*each).code == 0
        await worker.close()
        return found

    former, newer = asyncio.run(work())
    with session(place) as own:
        assert certificates.has_signed(own.certificate("client", 1), former)
        assert certificates.has_signed(own.certificate("client", 2), newer)


def test_of_many_who_wait_together_a_ledger_far_away_is_asked_at_once(postgres: Server, home: Path) -> None:
    move_ledger(home, postgres.new_url())
    started(home)
    place = open_home(home, lambda: b"")

    def asked_for(count: int) -> int:
        changes = [using(invite(place, person=f"person{count}-{each}"), request()) for each in range(count)]
        with mock.patch.object(Connection, "execute", autospec=True, side_effect=Connection.execute) as asked:
            assert all(isinstance(each, Certified) for each in together(place, *changes))
        return asked.call_count

    assert asked_for(30) - asked_for(10) == 20
