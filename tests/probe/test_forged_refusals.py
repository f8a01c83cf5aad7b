"""Somebody on the network can make no probe say that strangers, or that this laptop, were refused."""

import socket
from collections.abc import Callable, Sequence

import pytest
from OpenSSL import SSL

from certkit.pki import certificates
from certkit.probe import Pair, Report, Target, run
from certkit.probe.observed import CANARY, CLIENT, CONTROL, IMPOSTOR, NO_CERTIFICATE, Answer, Doubt, Outcome
from tests.daemons.daemon import HOST, Daemon, Start
from tests.probe.man_in_the_middle import alert_record, by_turns, forging_tls12, forging_tls13, relaying
from tests.probe.pki import NOW, Pki, ids, probe
from tests.probe.servers import HTTP2_SETTINGS, over_tls, serving, tls_context, wait
from tests.probe.servers import Answer as Server
from tests.team import Files

Forging = Callable[[Sequence[bytes], int], Server]


def _forging_with_a_signature(chain: Sequence[bytes], number: int) -> Server:
    return forging_tls13(chain, number, signature=bytes(70))


FORGERS: tuple[Forging, ...] = (forging_tls12, forging_tls13, _forging_with_a_signature)
EXCLUSIONS = (42, 44, 46)


@pytest.fixture
def open_daemon(daemon_factory: Start, pki: Pki) -> tuple[Daemon, list[bytes]]:
    """Return a real daemon that is open to everybody, and the certificate that it shows to everybody."""
    files = pki.daemon_files(hosts=[HOST, "127.0.0.1"])
    daemon = daemon_factory(cert=files.cert, key=files.key)
    return daemon, [certificates.to_der(certificates.load(files.cert.read_bytes()))]


def _enforcement(report: Report) -> tuple[str, str]:
    check = next(check for check in report.checks if check.title == "enforcement")
    return check.status, check.seen


@pytest.mark.parametrize("forging", FORGERS)
@pytest.mark.parametrize("alert", [42, 44, 46, 48, 116])
def test_an_open_daemon_is_not_made_to_seem_to_refuse(
    pki: Pki, alice: Files, open_daemon: tuple[Daemon, list[bytes]], forging: Forging, alert: int
) -> None:
    daemon, chain = open_daemon
    relay = relaying(daemon.port, HOST, lambda _caller, _piece: False)
    for answers in ([forging(chain, alert)], [relay, forging(chain, alert)]):
        with serving(by_turns(answers)) as url:
            report = probe(url, alice, timeout=2)
        status, seen = _enforcement(report)
        assert status != "ok", seen
        assert not any(
            exchange.answer is Answer.REFUSED for each in report.addresses for exchange in each.exchanges.values()
        )
        assert "certificate-refused" not in ids(report)


@pytest.mark.parametrize("forging", FORGERS)
def test_the_alert_is_seen_and_it_is_said_why_it_does_not_count(
    alice: Files, open_daemon: tuple[Daemon, list[bytes]], forging: Forging
) -> None:
    with serving(forging(open_daemon[1], 42)) as url:
        report = probe(url, alice, timeout=2)
    exchange = report.addresses[0].exchanges[CLIENT]
    if forging is _forging_with_a_signature:
        assert exchange.outcome in (Outcome.REFUSED, Outcome.FAILED)
        assert exchange.doubt in (Doubt.UNAUTHENTICATED, Doubt.NO_ALERT)
        return
    assert (exchange.outcome, exchange.alert) == (Outcome.REFUSED, 42)
    assert exchange.doubt in (Doubt.UNAUTHENTICATED, Doubt.OLD_TLS)
    assert not exchange.is_authenticated
    assert "refusal-unproven" in ids(report)
    assert "not determined" in _enforcement(report)[1]


@pytest.mark.parametrize("piece", [0, 1, 2])
@pytest.mark.parametrize("alert", [42, 116])
def test_an_alert_in_plaintext_beside_the_daemon_s_own_words_is_no_refusal(
    pki: Pki, alice: Files, open_daemon: tuple[Daemon, list[bytes]], piece: int, alert: int
) -> None:
    """At whatever point of the true daemon's handshake it comes."""

    def interfere(caller: socket.socket, pieces: int) -> bool:
        if pieces == piece:
            caller.sendall(alert_record(alert))
        return pieces == piece

    with serving(relaying(open_daemon[0].port, HOST, interfere)) as url:
        report = probe(url, alice, timeout=1)
    assert _enforcement(report)[0] != "ok"
    exchanges = report.addresses[0].exchanges
    assert all(each.answer is not Answer.REFUSED for each in exchanges.values())


def _both(pki: Pki) -> dict[str, Pair]:
    from certkit.pki import keys

    made = {}
    for name in ("canary", "control"):
        key = keys.generate("p256")
        made[name] = Pair((pki.device(key, None, NOW, NOW - NOW.replace(year=NOW.year - 1)),), key)
    return made


@pytest.mark.parametrize("forging", FORGERS)
@pytest.mark.parametrize("alert", EXCLUSIONS)
def test_the_refusal_of_a_canary_is_not_forged(pki: Pki, standing: Daemon, alert: int, forging: Forging) -> None:
    """The daemon behind lets the canary in: whatever is forged, it is never seen to be refused."""
    target = Target(standing.url, "the ledger", authorities=(pki.server.certificate,))
    shown = run(target, {}, NOW, timeout=2).addresses[0].exchanges[NO_CERTIFICATE].chain
    with serving(forging(shown, alert)) as url:
        target = Target(url, "the ledger", authorities=(pki.server.certificate,))
        exchanges = run(target, {}, NOW, timeout=2, **_both(pki)).addresses[0].exchanges
    assert set(exchanges) == {CLIENT, NO_CERTIFICATE, IMPOSTOR, CANARY, CONTROL}
    assert all(each.answer is Answer.NOT_DETERMINED for each in exchanges.values())


def test_a_server_that_is_not_believed_refuses_nobody(pki: Pki, alice: Files) -> None:
    """The stranger without a certificate looks whom it speaks with, too."""
    from tests.probe.pki import authority

    own = over_tls(tls_context(pki.daemon_files()), _speak)
    impostor_s = over_tls(tls_context(pki.daemon_files(signer=authority("acme server authority"))), wait)
    with serving(by_turns([own, impostor_s])) as url:
        report = probe(url, alice, timeout=1)
    exchanges = report.addresses[0].exchanges
    assert exchanges[NO_CERTIFICATE].doubt is Doubt.UNVERIFIED
    assert _enforcement(report)[0] == "finding"


def _speak(connection: SSL.Connection) -> None:
    connection.sendall(HTTP2_SETTINGS)
    wait(connection)
