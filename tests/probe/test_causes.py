"""What is wrong is laid to whom it belongs: the daemon, the authority above it, the client's certificate, a name."""

import ipaddress
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority
from certkit.pki.extensions import key_usage
from certkit.pki.signer import KeySigner
from tests.daemons.daemon import HOST, Daemon, Start
from tests.probe.odd_certificates import with_negative_serial, with_sha1
from tests.probe.pki import ANCIENT, DAY, NAME, NOW, Pki, ids, probe, stage
from tests.team import Files

PORT = "8372"


def with_alternatives(
    pki: Pki, *names: x509.GeneralName, signer: Authority | None = None, key: keys.PrivateKey | None = None
) -> Files:
    """Write a daemon's files whose certificate has these names."""
    signer, key = signer or pki.server, key or keys.generate("p256")
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]))
        .issuer_name(signer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ANCIENT)
        .not_valid_after(NOW + 365 * DAY)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return pki.write("named", [pki.client.certificate], signer.signer.sign_certificate(builder), key)


def test_an_address_among_dns_names_is_called_that(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = with_alternatives(pki, x509.DNSName(HOST))
    [found] = probe(daemon_factory(**files.as_arguments()).url, alice).findings
    assert found.id == "daemon-misnamed"
    assert f"does not name {HOST}; the address stands there as a DNS name" in found.seen


def test_a_common_name_does_not_count_and_that_is_said(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = with_alternatives(pki)
    [found] = probe(daemon_factory(**files.as_arguments()).url, alice).findings
    assert f"its common name {HOST} does not count" in found.seen


@pytest.mark.parametrize(
    ("lack", "said"),
    {
        "usage": "has extended key usages without serverAuth",
        "signing": "has key usages without the signing of certificates",
        "constraints": "is no authority by its basic constraints",
    }.items(),
)
def test_what_the_authority_lacks_is_not_laid_to_the_daemon(
    daemon_factory: Start, pki: Pki, alice: Files, lack: str, said: str
) -> None:
    signer = KeySigner(keys.generate("p256"))
    authority = pki.server._replace(certificate=_lacking(signer, lack), signer=signer)
    files = pki.daemon_files(signer=authority)
    alice_of_it = pki.write(
        "alice", [authority.certificate], certificates.load(alice.cert.read_bytes()), keys.load(alice.key.read_bytes())
    )
    found = {each.id: each for each in probe(daemon_factory(**files.as_arguments()).url, alice_of_it).findings}
    assert "authority-not-for-servers" in found
    assert "authority lacking" in found["authority-not-for-servers"].seen
    assert said in found["authority-not-for-servers"].seen
    assert not {"daemon-not-for-servers", "daemon-of-another-authority", "daemon-unverified"} & set(found)


def _lacking(signer: KeySigner, lack: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority lacking")])
    usage = key_usage(crl_sign=True) if lack == "signing" else key_usage(key_cert_sign=True)
    builder = (
        x509.CertificateBuilder(name, name, signer.public_key, x509.random_serial_number())
        .not_valid_before(ANCIENT)
        .not_valid_after(NOW + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=lack != "constraints", path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    if lack == "usage":
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return signer.sign_certificate(builder)


def test_a_daemon_signed_with_sha1_is_called_that(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = pki.daemon_files()
    weak = with_sha1(pki.server, certificates.load(files.cert.read_bytes()))
    files.cert.write_bytes(certificates.to_pem(weak))
    [found] = probe(daemon_factory(**files.as_arguments()).url, alice).findings
    assert (found.id, found.seen) == ("daemon-signed-weakly", "the daemon's certificate is signed with SHA-1")


def test_a_client_signed_with_sha1_is_called_that_and_not_revoked(standing: Daemon, pki: Pki) -> None:
    files = pki.client_files()
    weak = with_sha1(pki.client, certificates.load(files.cert.read_bytes()))
    files.cert.write_bytes(certificates.to_pem(weak))
    [found] = probe(standing.url, files).findings
    assert (found.id, "is signed with SHA-1" in found.seen) == ("certificate-signed-weakly", True)


def test_a_negative_serial_number_is_a_warning_on_either_side(daemon_factory: Start, pki: Pki) -> None:
    files, own = pki.daemon_files(), pki.client_files()
    for signer, path in ((pki.server, files.cert), (pki.client, own.cert)):
        odd = with_negative_serial(signer, certificates.load(path.read_bytes()))
        path.write_bytes(certificates.to_pem(odd))
    report = probe(daemon_factory(**files.as_arguments()).url, own)
    assert ids(report) == ["serial-negative", "daemon-serial-negative"]
    assert report.ok
    assert {each.severity for each in report.findings} == {"warning"}
    assert stage(report, "BuildKit") == "ok"


def test_a_self_signed_daemon_may_be_trusted_as_itself(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    key = keys.generate("p256")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lonely daemon")])
    own = KeySigner(key).sign_certificate(
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(ANCIENT)
        .not_valid_after(NOW + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
    )
    daemon = pki.write("lonely", [pki.client.certificate], own, key)
    trusting = replace(alice, ca=daemon.cert)
    report = probe(daemon_factory(**daemon.as_arguments()).url, trusting)
    assert ids(report) == []
    assert report.ok


def test_a_daemon_that_an_authority_vouches_for_may_be_trusted_as_itself(
    daemon_factory: Start, pki: Pki, alice: Files
) -> None:
    daemon = pki.daemon_files()
    assert ids(probe(daemon_factory(**daemon.as_arguments()).url, replace(alice, ca=daemon.cert))) == []
    other = pki.daemon_files()
    assert "not-an-authority" in ids(probe(daemon_factory(**other.as_arguments()).url, replace(alice, ca=daemon.cert)))


def test_an_ipv4_address_written_as_ipv6_is_the_same_address(standing: Daemon, alice: Files) -> None:
    url = standing.url.replace(HOST, f"[::ffff:{HOST}]")
    assert ids(probe(url, alice)) == []
    assert ids(probe(standing.url, alice, server_name=NAME)) == []
