"""Findings are functions of what was observed: what no server here can be brought to do is judged on data."""

import shlex

import pytest
from cryptography import x509

from certkit.pki import certificates, keys
from certkit.probe import impostor
from certkit.probe.checks.admission import tls
from certkit.probe.checks.enforcement import CANARY, IMPOSTOR, NO_CERTIFICATE, Enforcement, enforcement
from certkit.probe.checks.tls import Tls
from certkit.probe.credentials import Pair
from certkit.probe.handshake import Handshake, Outcome
from certkit.probe.report import Check, Report
from certkit.probe.transport import Negotiated
from tests.probe.parties import DAY, NOW, Cast
from tests.team import Files

SERVED = Handshake(Outcome.SERVED, 1.0)
ASKED = Negotiated(accepted=frozenset({b"name"}))


def _refused(alert: int, negotiated: Negotiated = ASKED) -> Handshake:
    return Handshake(Outcome.REFUSED, 1.0, negotiated=negotiated, alert=alert)


def _judged(**strangers: Handshake) -> list[str]:
    names = {"nobody": NO_CERTIFICATE, "impostor": IMPOSTOR, "canary": CANARY}
    evidence = Enforcement({names[name]: handshake for name, handshake in strangers.items()})
    return [check.id for check in enforcement.judge(evidence, 1.0)]


@pytest.mark.parametrize("alert", [42, 46, 48, 49])
def test_an_alert_about_certificates_is_a_refusal(alert: int) -> None:
    assert _judged(nobody=_refused(alert), impostor=_refused(alert)) == ["enforcement"]


@pytest.mark.parametrize("alert", [40, 116])
def test_an_impostor_who_was_only_asked_for_a_certificate_has_not_been_judged(alert: int) -> None:
    assert _judged(nobody=_refused(116), impostor=_refused(alert)) == ["enforcement-unknown"]


@pytest.mark.parametrize("alert", [10, 47, 70, 80, 112, 120])
def test_another_alert_is_no_refusal(alert: int) -> None:
    assert _judged(nobody=_refused(alert), impostor=_refused(48)) == ["enforcement-unknown"]


def test_a_failed_handshake_is_a_refusal_only_once_a_certificate_was_asked_for() -> None:
    assert _judged(nobody=_refused(40), impostor=_refused(48)) == ["enforcement"]
    assert _judged(nobody=_refused(40, Negotiated()), impostor=_refused(48)) == ["enforcement-unknown"]


def test_a_canary_that_is_let_in_is_found() -> None:
    assert _judged(nobody=_refused(116), impostor=_refused(48), canary=SERVED) == ["canary-let-in"]


@pytest.mark.parametrize("alert", [42, 44, 46])
def test_a_canary_that_is_refused_as_revoked_is_the_proof(alert: int) -> None:
    assert _judged(nobody=_refused(116), impostor=_refused(48), canary=_refused(alert)) == ["enforcement"]


@pytest.mark.parametrize("alert", [43, 45, 48, 51, 116])
def test_a_canary_that_is_refused_for_another_reason_proves_nothing(alert: int) -> None:
    assert _judged(nobody=_refused(116), impostor=_refused(48), canary=_refused(alert)) == ["canary-unproven"]


@pytest.mark.parametrize("outcome", [Outcome.SILENT, Outcome.CLOSED, Outcome.STRANGE, Outcome.FAILED])
def test_what_is_neither_refused_nor_served_is_unknown(outcome: Outcome) -> None:
    assert _judged(nobody=_refused(116), impostor=Handshake(outcome, 1.0)) == ["enforcement-unknown"]


def test_a_daemon_that_names_no_authority_may_still_have_revoked(cast: Cast, alice: Files) -> None:
    chain = tuple(certificates.load_all(alice.cert.read_bytes()))
    handshake = _refused(42, Negotiated(chain=(cast.server.certificate,)))
    pair = Pair(chain, cast.client.key)
    evidence = Tls("build.test", (cast.server.certificate,), pair, "", handshake, b"", NOW)
    assert [check.id for check in tls.judge(evidence, 1.0)] == ["certificate-refused"]


def test_the_command_about_somebody_revoked_can_be_pasted_whatever_their_name(cast: Cast) -> None:
    key = keys.generate("p256")
    own = certificates.device(cast.client, key.public_key(), person="Al, O'Neil", dns_name="a.b", now=NOW, life=DAY)
    handshake = _refused(42, Negotiated(chain=(cast.server.certificate,)))
    evidence = Tls("build.test", (cast.server.certificate,), Pair((own,), key), "", handshake, b"", NOW)
    [found] = tls.judge(evidence, 1.0)
    assert found.remedy.endswith("  certkit show " + shlex.quote("Al, O'Neil"))


def test_an_impostor_differs_from_the_client_in_nothing_but_its_keys(alice: Files) -> None:
    own = certificates.load(alice.cert.read_bytes())
    leaf, signer = impostor.forge(own, NOW).chain
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
