"""A daemon that excludes thousands: Go's TLS 1.3 ticket is too large then, and it hangs up on OpenSSL's clients."""

import pytest

from certkit.pki import certificates, keys
from certkit.probe import Pair, Target, run
from certkit.probe.observed import CANARY, CLIENT, CONTROL, IMPOSTOR, NO_CERTIFICATE, Answer
from certkit.trust import anchors
from tests.daemons.daemon import Start
from tests.probe.pki import DAY, NOW, Pki
from tests.probe.servers import over_tls, serving, tls_context
from tests.team import Files

OUT = "out.acme.certkit.internal"


def _files(pki: Pki, count: int, *excluded: str) -> Files:
    """Return a daemon's files with so many names excluded, and some more."""
    files = pki.daemon_files()
    names = [f"laptop.somebody-with-a-name-{number}.acme.certkit.internal" for number in range(count)]
    files.ca.write_bytes(certificates.to_pem(anchors.anchor(pki.client, [*names, *excluded])))
    return files


def _pair(pki: Pki, name: str) -> Pair:
    key = keys.generate("p256")
    cert = certificates.device(pki.client, key.public_key(), person=name, dns_name=name, now=NOW, life=DAY)
    return Pair((cert,), key)


@pytest.mark.parametrize("count", [1000, 5000, 20000])
def test_it_serves_and_refuses_all_the_same(daemon_factory: Start, flavour: str, pki: Pki, count: int) -> None:
    daemon = daemon_factory(flavour, **_files(pki, count, OUT).as_arguments())
    own = _pair(pki, "al.acme.certkit.internal")
    target = Target(daemon.url, "the ledger", authorities=(pki.server.certificate,), pair=own)
    report = run(target, {}, NOW, canary=_pair(pki, OUT), control=_pair(pki, "in.acme.certkit.internal"))
    assert [check.seen for check in report.findings] == []
    exchanges = report.addresses[0].exchanges
    answers = {name: exchange.answer for name, exchange in exchanges.items()}
    assert answers == {
        CLIENT: Answer.SERVED,
        NO_CERTIFICATE: Answer.REFUSED,
        IMPOSTOR: Answer.REFUSED,
        CANARY: Answer.REFUSED,
        CONTROL: Answer.SERVED,
    }
    said = next(check.seen for check in report.checks if check.title == "TLS")
    assert exchanges[CLIENT].without_tickets == ("in TLS 1.3 the daemon hangs up on this client" in said)
    assert exchanges[CLIENT].without_tickets == (exchanges[CLIENT].version == "TLSv1.2")


def test_a_former_one_is_still_noticed(daemon_factory: Start, flavour: str, pki: Pki) -> None:
    daemon = daemon_factory(flavour, **_files(pki, 5000).as_arguments())
    own = _pair(pki, "al.acme.certkit.internal")
    target = Target(daemon.url, "the ledger", authorities=(pki.server.certificate,), pair=own)
    report = run(target, {}, NOW, canary=_pair(pki, OUT))
    assert [check.id for check in report.findings] == ["canary-let-in"]


def test_a_daemon_that_hangs_up_whatever_is_asked_is_not_called_a_proxy(pki: Pki) -> None:
    target_of = {"authorities": (pki.server.certificate,), "pair": _pair(pki, "al.acme.certkit.internal")}
    with serving(over_tls(tls_context(pki.daemon_files()), lambda _connection: None)) as url:
        report = run(Target(url, "the ledger", **target_of), {}, NOW, timeout=2)  # type: ignore[arg-type]
    found = next(check for check in report.findings if check.title == "TLS")
    assert found.id == "daemon-hung-up"
    assert "proxy" not in found.meaning
