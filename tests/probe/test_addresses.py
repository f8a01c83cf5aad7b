"""Every address of a daemon's name is looked at, and none speaks for another."""

import errno
import os
import socket
import threading
from collections.abc import Callable

import pytest

from certkit.pki import certificates, keys
from certkit.probe import Pair, Target, network, run
from certkit.probe.network import LIMIT
from certkit.probe.observed import CANARY, Answer
from tests.daemons.daemon import Daemon, Start
from tests.probe.pki import NAME, NOW, Pki, authority, ids, probe, stage
from tests.team import Files

Resolve = Callable[..., None]
FIRST, SECOND = "127.0.0.2", "127.0.0.3"


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Let NAME have certain addresses."""
    ask = socket.getaddrinfo

    def to(*addresses: str) -> None:
        def answer(host: str, port: int, **how: int) -> list[tuple[object, ...]]:
            found = addresses if host == NAME else [host]
            return [each for address in found for each in ask(address, port, **how)]

        monkeypatch.setattr(socket, "getaddrinfo", answer)

    return to


@pytest.fixture
def two(daemon_factory: Start, pki: Pki, resolve: Resolve) -> Callable[[Files], str]:
    """Start two real daemons on one port, each with files of its own; give the URL of the name of both."""

    def start(second: Files) -> str:
        first: Daemon = daemon_factory(host=FIRST, **pki.daemon_files().as_arguments())
        daemon_factory(host=SECOND, port=first.port, **second.as_arguments())
        resolve(FIRST, SECOND)
        return f"tcp://{NAME}:{first.port}"

    return start


def test_two_that_are_alike_are_well(two: Callable[[Files], str], pki: Pki, alice: Files) -> None:
    report = probe(two(pki.daemon_files()), alice)
    assert report.ok
    assert report.checks[-1].seen == "refuses strangers: no certificate, impostor, at 2 addresses"
    assert [each.address.partition(":")[0] for each in report.addresses] == [FIRST, SECOND]


def test_one_that_is_open_is_named(
    daemon_factory: Start, two: Callable[[Files], str], pki: Pki, alice: Files, resolve: Resolve
) -> None:
    files, first = pki.daemon_files(), daemon_factory(host=FIRST, **pki.daemon_files().as_arguments())
    daemon_factory(host=SECOND, port=first.port, cert=files.cert, key=files.key)
    resolve(FIRST, SECOND)
    [found] = probe(f"tcp://{NAME}:{first.port}", alice).findings
    assert found.id == "anyone-let-in"
    assert found.seen.endswith(f" at {SECOND}:{first.port}, not at {FIRST}:{first.port}")


def test_one_that_does_not_take_this_client_is_a_finding(two: Callable[[Files], str], pki: Pki, alice: Files) -> None:
    files = pki.daemon_files()
    files.ca.write_bytes(certificates.to_pem(authority("rival client authority").certificate))
    [found] = probe(two(files), alice).findings
    assert found.id == "authority-not-accepted"
    assert "accepts rival client authority" in found.seen


def test_one_with_former_anchors_is_named(two: Callable[[Files], str], pki: Pki) -> None:
    rival = authority("acme client authority")
    files = pki.daemon_files()
    files.ca.write_bytes(certificates.to_pem(rival.certificate))
    url = two(files)
    key = keys.generate("p256")
    pair = Pair((pki.device(key, None, NOW, NOW - NOW.replace(year=NOW.year - 1)),), key)
    target = Target(url, "the ledger", authorities=(pki.server.certificate,), pair=pair)
    report = run(target, {}, NOW, canary=pair)
    found = next(each for each in report.findings if each.id == "canary-let-in")
    assert f" at {FIRST}:" in found.seen
    assert f", not at {SECOND}:" in found.seen
    assert [each.exchanges[CANARY].answer for each in report.addresses] == [Answer.SERVED, Answer.REFUSED]


def test_a_family_that_is_out_of_reach_is_no_finding(
    daemon_factory: Start, pki: Pki, alice: Files, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = daemon_factory(host=FIRST, **pki.daemon_files().as_arguments())
    resolve("2001:db8::1", FIRST)
    connect = network.connect

    def without_a_route(endpoint: network.Endpoint, timeout: float) -> socket.socket:
        if ":" in endpoint[1]:  # some networks drop what has no route, and nothing is known before the time is up
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        return connect(endpoint, timeout)

    monkeypatch.setattr(network, "connect", without_a_route)
    report = probe(f"tcp://{NAME}:{daemon.port}", alice)
    assert report.ok
    assert "[2001:db8::1]" in next(check.seen for check in report.checks if check.title == "network")
    assert not report.addresses[0].is_reached


def test_more_addresses_than_are_looked_at_are_counted(
    daemon_factory: Start, pki: Pki, alice: Files, resolve: Resolve
) -> None:
    daemon = daemon_factory(host=FIRST, **pki.daemon_files().as_arguments())
    resolve(FIRST, *(f"127.0.1.{number}" for number in range(1, LIMIT + 3)))
    report = probe(f"tcp://{NAME}:{daemon.port}", alice)
    assert report.addresses_left_out == 3
    assert "3 more addresses were not looked at" in next(c.seen for c in report.checks if c.title == "network")
    assert stage(report, "enforcement") == "ok"
    assert ids(report) == []


def test_a_family_that_merely_lost_the_race_is_not_even_told(
    daemon_factory: Start, pki: Pki, alice: Files, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = daemon_factory(host=FIRST, **pki.daemon_files().as_arguments())
    resolve("2001:db8::1", FIRST)
    connect, over = network.connect, threading.Event()

    def late(endpoint: network.Endpoint, timeout: float) -> socket.socket:
        if ":" in endpoint[1]:
            over.wait(60)
            raise TimeoutError
        return connect(endpoint, timeout)

    monkeypatch.setattr(network, "connect", late)
    monkeypatch.setattr(network, "PATIENCE", 0.01)
    try:
        report = probe(f"tcp://{NAME}:{daemon.port}", alice, timeout=5)
    finally:
        over.set()
    assert report.ok
    assert "2001:db8::1" not in next(check.seen for check in report.checks if check.title == "network")
