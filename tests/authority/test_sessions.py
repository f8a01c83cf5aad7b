"""A session owns its lock, its transaction, who makes the change and when; any number may be open at once."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from certkit.authority import issuance, revocation
from certkit.authority.changes import changing
from certkit.authority.home import Home, Passphrase, open_home
from certkit.authority.revocation import Subject
from certkit.authority.session import Session
from certkit.authority.settings import Settings
from certkit.authority.view import View
from certkit.ledger.interface import Actor
from tests.authority.conftest import change, nobody_asks, now
from tests.authority.test_killed_changes import assert_settled

THREADS, ROUNDS = 8, 6


def test_eight_threads_change_one_home_at_once_and_each_change_has_its_actor(path: Path, view: View) -> None:
    home = open_home(path, nobody_asks)

    def work(number: int) -> None:
        actor = Actor(f"lead {number}", f"desk {number}")
        for each in range(ROUNDS):
            with changing(home, actor, now()) as session:
                issuance.issue(session, f"p{number}-{each}", "laptop")
            with changing(home, actor, now()) as session:
                assert revocation.revoke(session, Subject(f"p{number}-{each}"), "unspecified")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    people = {f"p{number}-{each}" for number in range(THREADS) for each in range(ROUNDS)}
    assert {person.name for person in view.ledger.people() if person.revoked} == people
    assert set(view.newest_anchors().excluded) == {f"{person}.acme.certkit.internal" for person in people}
    done = Counter((event.action, event.actor.name, event.actor.host) for event in view.ledger.events()[2:])
    assert done == {
        (action, f"lead {number}", f"desk {number}"): ROUNDS
        for action in ("issue", "revoke")
        for number in range(THREADS)
    }
    assert_settled(path)


def test_one_thread_at_a_time_holds_the_lock(path: Path) -> None:
    inside, most = 0, 0
    counting = threading.Lock()

    def hold(_: int) -> None:
        nonlocal inside, most
        with change(path) as session, session.locked(), session.locked():
            with counting:
                inside += 1
                most = max(most, inside)
            time.sleep(0.02)
            with counting:
                inside -= 1

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(hold, range(THREADS)))
    assert (inside, most) == (0, 1)


def test_the_lock_is_never_taken_inside_a_transaction(session: Session) -> None:
    with pytest.raises(AssertionError, match="inside a transaction"), session.transaction(), session.locked():
        pass
    with session.locked(), session.transaction():
        pass


def test_a_transaction_never_begins_inside_another(session: Session) -> None:
    with pytest.raises(AssertionError, match="inside another"), session.transaction(), session.transaction():
        pass


def test_nothing_is_recorded_outside_a_transaction(session: Session) -> None:
    with pytest.raises(AssertionError, match="outside a transaction"):
        session.record("issue", "alice")


def test_threads_ask_for_a_passphrase_once() -> None:
    asked: list[int] = []

    def ask() -> bytes:
        time.sleep(0.05)
        asked.append(1)
        return b"violet anchor"

    home = Home(Path("nowhere"), Settings("acme"), Passphrase(Settings("acme"), ask))
    with ThreadPoolExecutor(THREADS) as pool:
        assert set(pool.map(lambda _: home.passphrase(), range(THREADS))) == {b"violet anchor"}
    assert asked == [1]
