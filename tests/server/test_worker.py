"""Changes that wait are made together, and each stands or falls alone."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import Certificate

from certkit.authority import invitations, issuance, revocation
from certkit.authority.changes import changing
from certkit.authority.home import Home, open_home
from certkit.authority.invitations import DeadCodeError, Invitation, TakenError
from certkit.authority.issuance import Certified
from certkit.authority.revocation import Subject
from certkit.authority.session import Session
from certkit.errors import CertkitError, RefusedError
from certkit.ledger import open_ledger
from certkit.ledger.interface import Person
from certkit.ledger.sqlite import SqliteDatabase
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner
from certkit.server.worker import Operation, Worker
from tests.cli.conftest import ALICE, Lead
from tests.server.identity import ACTOR, redeem, started


@pytest.fixture(params=["in a file", "far away"])
def place(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return a home, whose ledger every question has to wait for, or none."""
    monkeypatch.setattr(SqliteDatabase, "is_remote", request.param == "far away")
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


def invite(place: Home, uses: int = 1) -> Invitation:
    """Make a code."""
    with session(place) as own:
        return invitations.invite(own, ALICE, None, life=timedelta(hours=1), uses=uses)


def request() -> bytes:
    """Make a request for a new key."""
    return requests.make_der(KeySigner(keys.generate("p256")))


def redemption(code: Invitation, csr: bytes) -> Callable[[Session], Operation[Certified]]:
    """Return the change that uses a code."""
    return lambda own: invitations.redemption(own, invitations.find(own, code.code.secret), csr)


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
    found = together(place, *(redemption(code, request()) for _ in range(20)))
    [_] = [each for each in found if isinstance(each, Certified)]
    assert sum(isinstance(each, TakenError) for each in found) == 19


def test_no_two_devices_get_one_name_that_was_made_up(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["laptop-aaaa"] * 3 + ["laptop-bbbb"] * 2)
    monkeypatch.setattr(issuance, "_made_up_name", lambda: next(drawn))
    code = invite(place, uses=3)
    found = together(place, *(redemption(code, request()) for _ in range(2)))
    [first] = [each for each in found if isinstance(each, Certified)]
    [refused] = [each for each in found if isinstance(each, TakenError)]
    assert refused.code == "device-taken"
    [second] = together(place, redemption(code, request()))
    assert isinstance(second, Certified)
    assert {first.device, second.device} == {"laptop-aaaa", "laptop-bbbb"}
    with session(place) as lead:
        assert [each.used for each in invitations.listed(lead)] == [2]


def test_who_is_revoked_between_request_and_commit_gets_nothing_and_the_code_stays(place: Home) -> None:
    code, csr = invite(place), request()

    def late(own: Session) -> Operation[Certified]:
        prepared = redemption(code, csr)(own)
        with session(place) as lead:
            revocation.revoke(lead, Subject(ALICE), "left")
        return prepared

    [found] = together(place, late)
    assert isinstance(found, RefusedError)
    assert found.code == "person-revoked"
    with session(place) as lead:
        assert [each.used for each in invitations.listed(lead)] == [0]


def test_a_code_that_is_cancelled_between_request_and_commit_gives_nothing(place: Home) -> None:
    code, csr = invite(place), request()

    def late(own: Session) -> Operation[Certified]:
        prepared = redemption(code, csr)(own)
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
            found.append((await worker.change(ACTOR, redemption(code, request()))).certificate)
            for each in command:
                assert lead(*each).code == 0
        await worker.close()
        return found

    former, newer = asyncio.run(work())
    with session(place) as own:
        assert certificates.has_signed(own.certificate("client", 1), former)
        assert certificates.has_signed(own.certificate("client", 2), newer)
