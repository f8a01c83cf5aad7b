"""Findings are functions of what was observed: what no server here can be brought to do is judged on data."""

import shlex

import pytest
from cryptography import x509

from certkit.cli.support.remedies import of_finding
from certkit.pki import certificates, keys
from certkit.probe import Check, Pair, Report, impostor
from certkit.probe.checks.enforcement import Enforcement, enforcement
from certkit.probe.checks.tls import Tls, tls
from certkit.probe.handshake import Handshake
from certkit.probe.observed import CANARY, CONTROL, IMPOSTOR, NO_CERTIFICATE, TLS_1_3, Exchange, Outcome
from certkit.probe.transport import Negotiated
from tests.probe.pki import DAY, NOW, Pki
from tests.team import Files

SERVED = Exchange(Outcome.SERVED, version=TLS_1_3, is_authenticated=True)


def _refused(alert: int, version: str = TLS_1_3, *, authenticated: bool = True) -> Exchange:
    return Exchange(Outcome.REFUSED, alert, version, authenticated, authorities=(b"name",))


def _judged(**callers: Exchange) -> list[str]:
    return [check.id for check in enforcement.judge(Enforcement({"10.0.0.1:8372": _named(callers)}), 1.0)]


def _named(callers: dict[str, Exchange]) -> dict[str, Exchange]:
    names = {"nobody": NO_CERTIFICATE, "impostor": IMPOSTOR, "canary": CANARY, "control": CONTROL}
    return {names[name]: exchange for name, exchange in callers.items()}


@pytest.mark.parametrize("alert", [42, 46, 48, 49])
def test_an_alert_about_certificates_is_a_refusal(alert: int) -> None:
    assert _judged(nobody=_refused(alert), impostor=_refused(alert)) == ["enforcement"]


@pytest.mark.parametrize("alert", [40, 116])
def test_an_impostor_who_was_only_asked_for_a_certificate_has_not_been_judged(alert: int) -> None:
    assert _judged(nobody=_refused(116), impostor=_refused(alert)) == ["enforcement-unknown"]


@pytest.mark.parametrize("alert", [10, 40, 47, 70, 80, 112, 120])
def test_another_alert_is_no_refusal(alert: int) -> None:
    assert _judged(nobody=_refused(alert), impostor=_refused(48)) == ["enforcement-unknown"]


@pytest.mark.parametrize("alert", [40, 42, 48, 116])
def test_an_alert_that_anybody_on_the_network_can_send_is_no_refusal(alert: int) -> None:
    early = _refused(alert, authenticated=False)
    old = _refused(alert, "TLSv1.2")
    for forgeable in (early, old):
        assert _judged(nobody=forgeable, impostor=_refused(48)) == ["enforcement-unknown"]
        assert _judged(nobody=_refused(116), impostor=forgeable) == ["enforcement-unknown"]
        assert "enforcement-unknown" in _judged(nobody=_refused(116), impostor=_refused(48), canary=forgeable)


def test_it_says_why_such_an_alert_does_not_count() -> None:
    callers: dict[str, Exchange] = {
        NO_CERTIFICATE: _refused(42, "TLSv1.2"),
        IMPOSTOR: _refused(42, authenticated=False),
    }
    [check] = enforcement.judge(Enforcement({"10.0.0.1:8372": callers}), 1.0)
    assert (
        "no certificate: alert 42, bad_certificate in TLS 1.2, where anybody on the network can send it" in check.seen
    )
    assert "impostor: alert 42, bad_certificate before the daemon had proven that it is the daemon" in check.seen


def test_who_is_served_by_somebody_of_another_authority_is_not_served_by_the_daemon() -> None:
    elsewhere = Exchange(Outcome.SERVED, version=TLS_1_3, is_of_known_authority=False)
    assert _judged(nobody=elsewhere, impostor=_refused(48)) == ["enforcement-unknown"]


def test_a_canary_that_is_let_in_is_found() -> None:
    assert _judged(nobody=_refused(116), impostor=_refused(48), canary=SERVED) == ["canary-let-in"]


@pytest.mark.parametrize("alert", [42, 44, 46])
def test_a_canary_that_is_refused_as_revoked_is_the_proof(alert: int) -> None:
    assert _judged(nobody=_refused(116), impostor=_refused(48), canary=_refused(alert)) == ["enforcement"]


@pytest.mark.parametrize("alert", [43, 45, 48, 51, 116])
def test_a_canary_that_is_refused_for_another_reason_proves_nothing(alert: int) -> None:
    assert _judged(nobody=_refused(116), impostor=_refused(48), canary=_refused(alert)) == ["canary-unproven"]


def test_a_canary_whose_like_is_refused_too_proves_nothing() -> None:
    strangers = {"nobody": _refused(116), "impostor": _refused(48), "canary": _refused(42)}
    assert _judged(**strangers, control=SERVED) == ["enforcement"]
    assert _judged(**strangers, control=_refused(42)) == ["canary-unproven"]


@pytest.mark.parametrize("outcome", [Outcome.SILENT, Outcome.CLOSED, Outcome.STRANGE, Outcome.FAILED])
def test_what_is_neither_refused_nor_served_is_unknown(outcome: Outcome) -> None:
    assert _judged(nobody=_refused(116), impostor=Exchange(outcome)) == ["enforcement-unknown"]


def test_of_several_addresses_the_one_that_differs_is_named() -> None:
    well: dict[str, Exchange] = {NO_CERTIFICATE: _refused(116), IMPOSTOR: _refused(48)}
    evidence = Enforcement({"10.0.0.1:8372": well, "10.0.0.2:8372": well | {NO_CERTIFICATE: SERVED}})
    [check] = enforcement.judge(evidence, 1.0)
    assert check.id == "anyone-let-in"
    assert check.seen.endswith(" at 10.0.0.2:8372, not at 10.0.0.1:8372")
    both = Enforcement({"10.0.0.1:8372": well, "10.0.0.2:8372": well})
    assert enforcement.judge(both, 1.0)[0].seen.endswith(", at 2 addresses")


def _refusal(pki: Pki, alert: int, version: str = TLS_1_3, *, finished: bool = True) -> Handshake:
    own = pki.server.certificate
    negotiated = Negotiated(version=version, chain=(own,), chain_der=(certificates.to_der(own),))
    return Handshake(Outcome.REFUSED, 1.0, negotiated=negotiated, alert=alert, is_finished=finished)


def _of_client(pki: Pki, chain: tuple[x509.Certificate, ...], handshake: Handshake) -> list[Check]:
    evidence = Tls("build.test", (pki.server.certificate,), Pair(chain, keys.generate("p256")), "", handshake, b"", NOW)
    return tls.judge(evidence, 1.0)


def test_a_server_that_showed_no_certificate_is_not_authenticated(pki: Pki) -> None:
    shown = _refusal(pki, 42)
    assert shown.exchange.is_authenticated
    assert not shown._replace(negotiated=Negotiated(version=TLS_1_3)).exchange.is_authenticated
    assert not shown._replace(verify_errors=frozenset({(10, 0)})).exchange.is_authenticated
    assert not shown._replace(is_finished=False).exchange.is_authenticated


def test_a_daemon_that_names_no_authority_may_still_have_revoked(pki: Pki, alice: Files) -> None:
    chain = tuple(certificates.load_all(alice.cert.read_bytes()))
    assert [check.id for check in _of_client(pki, chain, _refusal(pki, 42))] == ["certificate-refused"]


def test_nobody_on_the_network_can_make_it_say_that_a_certificate_was_refused(pki: Pki, alice: Files) -> None:
    chain = tuple(certificates.load_all(alice.cert.read_bytes()))
    for forgeable in (_refusal(pki, 42, "TLSv1.2"), _refusal(pki, 42, finished=False)):
        assert [check.id for check in _of_client(pki, chain, forgeable)] == ["refusal-unproven"]


def test_the_command_about_somebody_revoked_can_be_pasted_whatever_their_name(pki: Pki) -> None:
    key = keys.generate("p256")
    own = certificates.device(pki.client, key.public_key(), person="Al, O'Neil", dns_name="a.b", now=NOW, life=DAY)
    [found] = _of_client(pki, (own,), _refusal(pki, 42))
    assert of_finding(found).endswith("  certkit show " + shlex.quote("Al, O'Neil"))


def test_an_impostor_differs_from_the_client_in_nothing_but_its_keys(alice: Files) -> None:
    own = certificates.load(alice.cert.read_bytes())
    forged = impostor.forge(own, NOW)
    assert forged
    leaf, signer = forged.chain
    assert (leaf.subject, leaf.issuer, signer.subject) == (own.subject, own.issuer, own.issuer)
    assert {e.oid for e in own.extensions} - {e.oid for e in leaf.extensions} <= {_key_identifier(own)}
    assert leaf.public_key() != own.public_key()
    for made in (leaf, signer):  # a late clock of the daemon's must not be what refuses it
        assert made.not_valid_before_utc < NOW - 1000 * DAY
        assert made.not_valid_after_utc > NOW + 1000 * DAY
    leaf.verify_directly_issued_by(signer)


def _key_identifier(certificate: x509.Certificate) -> x509.ObjectIdentifier:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).oid


def test_a_report_of_nothing_or_of_stages_not_reached_is_not_well() -> None:
    assert not Report("tcp://a:1", "", ()).ok
    assert not Report("tcp://a:1", "", (Check("tls", "TLS", "skipped", "not reached"),)).ok
    assert Report("tcp://a:1", "", (Check("tls", "TLS", "ok", "1.3"),)).ok
