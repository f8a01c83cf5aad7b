"""What a real daemon makes of the client's certificate, and whether the finding says so."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certkit.cli.support.remedies import of_finding
from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from tests.daemons.daemon import Daemon, Start
from tests.probe.pki import DAY, NOW, Pki, authority, ids, probe, stage, swapped
from tests.team import Files


def test_another_authority_is_told_from_a_refusal(standing: Daemon, pki: Pki) -> None:
    report = probe(standing.url, pki.client_files(signer=authority("rival client authority")))
    assert ids(report) == ["authority-not-accepted"]
    assert "accepts acme client authority; this certificate is of rival" in report.findings[0].seen


def test_an_authority_of_the_same_name_is_not_the_same(standing: Daemon, pki: Pki) -> None:
    report = probe(standing.url, pki.client_files(signer=authority("acme client authority")))
    assert ids(report) == ["authority-of-same-name"]


def test_an_expired_certificate_is_found_here_and_refused_there(standing: Daemon, pki: Pki) -> None:
    report = probe(standing.url, pki.client_files(made=NOW - 30 * DAY, life=10 * DAY))
    assert ids(report) == ["certificate-expired", "certificate-unfit"]
    assert "alert 45" in report.findings[1].seen
    assert stage(report, "enforcement") == "ok"


def test_a_certificate_before_its_time_is_found_here_and_refused_there(standing: Daemon, pki: Pki) -> None:
    report = probe(standing.url, pki.client_files(made=NOW + 2 * DAY))
    assert ids(report) == ["certificate-not-yet-valid", "certificate-unfit"]
    assert "in 2 days" in report.findings[0].seen


def test_a_certificate_that_is_not_for_clients_is_found_here_and_refused_there(standing: Daemon, pki: Pki) -> None:
    key = keys.generate("p256")
    cert = certificates.daemon(pki.client, key.public_key(), [names.parse_host("build.test")], NOW, DAY * 90)
    report = probe(standing.url, pki.write("odd", [pki.server.certificate], cert, key))
    assert ids(report) == ["certificate-not-for-clients", "certificate-unfit"]


def test_a_clock_that_is_behind_is_told_from_an_expired_certificate(standing: Daemon, pki: Pki) -> None:
    files = pki.client_files(made=NOW - 30 * DAY, life=20 * DAY)
    late = NOW - 25 * DAY  # by this clock the certificate is good, by the daemon's it has expired
    made_then = pki.daemon_files(made=NOW - 40 * DAY)
    standing_then = Daemon("earthly", **made_then.as_arguments())
    report = probe(standing_then.url, files, now=late)
    standing_then.close()
    assert ids(report) == ["clocks-differ"]


def test_a_clock_before_the_authority_was_made_is_off(standing: Daemon, pki: Pki) -> None:
    report = probe(standing.url, pki.client_files(), now=NOW - 900 * DAY)
    assert ids(report)[0] == "clock-off"  # which explains the others
    assert {"certificate-not-yet-valid", "daemon-not-yet-valid"} <= set(ids(report))


@pytest.mark.parametrize(("life", "left"), [(365, 13), (30, 9)])
def test_a_certificate_near_its_end_is_found(standing: Daemon, pki: Pki, life: int, left: int) -> None:
    files = pki.client_files(made=NOW - (life - left) * DAY, life=life * DAY)
    assert ids(probe(standing.url, files)) == ["certificate-near-end"]


@pytest.mark.parametrize(("life", "left"), [(365, 15), (30, 13)])
def test_a_certificate_with_time_left_is_well(standing: Daemon, pki: Pki, life: int, left: int) -> None:
    files = pki.client_files(made=NOW - (life - left) * DAY, life=life * DAY)
    assert ids(probe(standing.url, files)) == []


def test_a_revoked_certificate_is_refused_though_its_authority_is_accepted(
    daemon_factory: Start, flavour: str, pki: Pki, alice: Files
) -> None:
    files = pki.daemon_files()
    files.ca.write_bytes(certificates.to_pem(_excluding(pki.client, "alice.acme.certkit.internal")))
    report = probe(daemon_factory(flavour, **files.as_arguments()).url, alice)
    assert ids(report) == ["certificate-refused"]
    finding = report.findings[0]
    assert "alert 42, bad_certificate" in finding.seen
    assert "certkit show alice@acme.example" in of_finding(finding)
    assert stage(report, "enforcement") == "ok"


@pytest.mark.parametrize("kind", ["ECDSA on P-224", "RSA of 512 bits"])
def test_a_key_that_cannot_sign_in_tls_is_no_revocation_and_not_the_daemon_s_fault(
    standing: Daemon, pki: Pki, tmp_path: Path, kind: str
) -> None:
    files = pki.client_files()
    key = tmp_path / "odd.pem"
    made = ec.generate_private_key(ec.SECP224R1()) if "ECDSA" in kind else _rsa_of_512_bits()
    key.write_bytes(keys.to_pem(made))
    key.chmod(0o600)
    cert = pki.device(made, None, NOW, 365 * DAY)
    files.cert.write_bytes(certificates.to_pem(cert))
    report = probe(standing.url, swapped(files, key=key))
    assert ids(report) == ["key-of-unknown-kind"]
    assert f"of a kind that cannot sign in Go's TLS: {kind}" in report.findings[0].seen


def test_an_unknown_critical_extension_is_found_here_and_refused_there(standing: Daemon, pki: Pki) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    report = probe(standing.url, _with(pki, odd, critical=True))
    assert ids(report) == ["certificate-extension-unknown", "certificate-unfit"]
    assert report.findings[0].seen.endswith("has the critical extension 1.3.6.1.4.1.99999.1")
    assert report.findings[1].fields["finding"] == "certificate-extension-unknown"


def test_a_name_that_go_cannot_read_is_refused_once_somebody_is_revoked(
    daemon_factory: Start, standing: Daemon, pki: Pki
) -> None:
    address = x509.RFC822Name("a..b@acme.example")
    files = _with(pki, x509.SubjectAlternativeName([address]), critical=False)
    early = probe(standing.url, files)
    assert (ids(early), early.ok) == (["certificate-name-unreadable"], True)
    assert early.findings[0].seen.endswith("names a..b@acme.example")
    held = pki.daemon_files()
    held.ca.write_bytes(certificates.to_pem(_excluding(pki.client, "somebody.acme.certkit.internal")))
    report = probe(daemon_factory(**held.as_arguments()).url, files)
    assert ids(report) == ["certificate-name-unreadable", "certificate-unfit"]


def _rsa_of_512_bits() -> rsa.RSAPrivateKey:
    """Make a key that no library generates any more, of two primes that elliptic curves are made with."""
    p, q, e = 2**256 - 2**32 - 977, 2**256 - 2**224 + 2**192 + 2**96 - 1, 19
    d = pow(e, -1, (p - 1) * (q - 1))
    computed = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *computed, rsa.RSAPublicNumbers(e, p * q)).private_key()


def _with(pki: Pki, extension: x509.ExtensionType, *, critical: bool) -> Files:
    """Write a client's files whose certificate has one extension more, or another in place of its own."""
    key = keys.generate("p256")
    own = pki.device(key, None, NOW, 365 * DAY)
    builder = (
        x509.CertificateBuilder(own.issuer, own.subject, key.public_key(), own.serial_number)
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
        .add_extension(extension, critical=critical)
    )
    for each in own.extensions:
        if each.oid != extension.oid:
            builder = builder.add_extension(each.value, each.critical)
    return pki.write("odd", [pki.server.certificate], pki.client.signer.sign_certificate(builder), key)


def test_a_refused_certificate_is_told_in_half_a_second(standing: Daemon, pki: Pki) -> None:
    report = probe(standing.url, pki.client_files(signer=authority("acme client authority")))
    assert sum(check.ms or 0 for check in report.checks) < 500


def _excluding(signer: Authority, name: str) -> x509.Certificate:
    """Re-issue an authority with a name excluded, as revocation will."""
    old = signer.certificate
    excluded = x509.NameConstraints(None, [x509.DNSName(name)])
    return signer.signer.sign_certificate(
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(old.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(minutes=1))
        .not_valid_after(NOW + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(excluded, critical=True)
    )
