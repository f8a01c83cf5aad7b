"""Certificates are exactly those of the design, for every type of key."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certkit.pki import certificates, keys, requests
from certkit.pki.certificates import Authority
from certkit.pki.extensions import allows, key_usage
from certkit.pki.signer import KeySigner
from certkit.trust import anchors, crl

NOW = datetime(2026, 11, 24, 12, 30, 15, 999_999, tzinfo=UTC)
BACKDATED = datetime(2026, 11, 24, 12, 20, 15, tzinfo=UTC)
DECADE, YEAR = timedelta(days=3653), timedelta(days=365)
HOSTS: list[x509.DNSName | x509.IPAddress] = [
    x509.DNSName("build.acme.example"),
    x509.IPAddress(ip_address("10.0.0.7")),
    x509.IPAddress(ip_address("::7")),
]
NAME = "laptop.alice.acme.certkit.internal"


@pytest.fixture(scope="module", params=keys.KEY_TYPES)
def key(request: pytest.FixtureRequest) -> keys.PrivateKey:
    """Make a key of every type in turn."""
    return keys.generate(request.param)


@pytest.fixture(scope="module")
def authority(key: keys.PrivateKey) -> Authority:
    return certificates.authority(KeySigner(key), "acme server authority", NOW, DECADE)


@pytest.fixture(scope="module")
def daemon(key: keys.PrivateKey, authority: Authority) -> x509.Certificate:
    return certificates.daemon(authority, key.public_key(), HOSTS, NOW, YEAR)


@pytest.fixture(scope="module")
def device(key: keys.PrivateKey, authority: Authority) -> x509.Certificate:
    return certificates.device(
        authority, key.public_key(), person="alice@acme.example", dns_name=NAME, now=NOW, life=YEAR
    )


def extensions(certificate: x509.Certificate) -> dict[type, tuple[bool, x509.ExtensionType]]:
    """Return every extension by its kind: whether it is critical, and its value."""
    return {type(each.value): (each.critical, each.value) for each in certificate.extensions}


def identifiers(key: keys.PrivateKey, signer: keys.PrivateKey) -> dict[type, tuple[bool, x509.ExtensionType]]:
    """Return the two identifiers as every certificate has them."""
    subject = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return {x509.SubjectKeyIdentifier: (False, subject), x509.AuthorityKeyIdentifier: (False, issuer)}


def test_an_authority_signs_leaves_and_lists_and_nothing_else(key: keys.PrivateKey, authority: Authority) -> None:
    assert extensions(authority.certificate) == {
        x509.BasicConstraints: (True, x509.BasicConstraints(ca=True, path_length=0)),
        x509.KeyUsage: (True, key_usage(key_cert_sign=True, crl_sign=True)),
        **identifiers(key, key),
    }


def test_an_authority_names_itself_and_is_signed_by_itself(authority: Authority) -> None:
    certificate = authority.certificate
    assert certificate.subject == certificate.issuer == common_name("acme server authority")
    certificate.verify_directly_issued_by(certificate)


def test_a_daemons_certificate_is_for_a_server_alone(key: keys.PrivateKey, daemon: x509.Certificate) -> None:
    rsa = isinstance(key, RSAPrivateKey)
    assert extensions(daemon) == {
        x509.BasicConstraints: (True, x509.BasicConstraints(ca=False, path_length=None)),
        x509.KeyUsage: (True, key_usage(digital_signature=True, key_encipherment=rsa)),
        x509.ExtendedKeyUsage: (False, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
        x509.SubjectAlternativeName: (False, x509.SubjectAlternativeName(HOSTS)),
        **identifiers(key, key),
    }
    assert daemon.subject == common_name("build.acme.example")


def test_a_devices_certificate_is_for_a_client_alone(key: keys.PrivateKey, device: x509.Certificate) -> None:
    assert extensions(device) == {
        x509.BasicConstraints: (True, x509.BasicConstraints(ca=False, path_length=None)),
        x509.KeyUsage: (True, key_usage(digital_signature=True)),
        x509.ExtendedKeyUsage: (False, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])),
        x509.SubjectAlternativeName: (False, x509.SubjectAlternativeName([x509.DNSName(NAME)])),
        **identifiers(key, key),
    }
    assert device.subject == common_name("alice@acme.example")


def test_leaves_are_signed_by_their_authority(
    authority: Authority, daemon: x509.Certificate, device: x509.Certificate
) -> None:
    for leaf in (daemon, device):
        leaf.verify_directly_issued_by(authority.certificate)


def test_times_are_whole_seconds_and_begin_ten_minutes_back(authority: Authority, device: x509.Certificate) -> None:
    assert device.not_valid_before_utc == authority.certificate.not_valid_before_utc == BACKDATED
    assert device.not_valid_after_utc == (NOW + YEAR).replace(microsecond=0)
    assert authority.certificate.not_valid_after_utc == (NOW + DECADE).replace(microsecond=0)


def test_the_hash_is_as_strong_as_the_key(
    key: keys.PrivateKey, authority: Authority, daemon: x509.Certificate, device: x509.Certificate
) -> None:
    """SHA-256 under a P-384 key is no stronger than P-256; Ed25519 has a hash of its own."""
    expected = {"secp384r1": "sha384", "Ed25519": None}.get(keys.describe(key.public_key()).split()[-1], "sha256")
    signer = authority.signer
    listed = crl.crl(authority, [], 1, NOW, YEAR)
    request = x509.load_pem_x509_csr(requests.make(signer))
    anchor = anchors.anchor(authority, ["gone.acme.certkit.internal"])
    for signed in (authority.certificate, daemon, device, listed, request, anchor):
        found = signed.signature_hash_algorithm
        assert (found.name if found else None) == expected


def test_a_certificate_for_any_purpose_is_for_each(authority: Authority) -> None:
    def allowed(*usages: x509.ObjectIdentifier) -> list[bool]:
        builder = certificates.reissue(authority.certificate, authority.certificate.subject)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        made = authority.signer.sign_certificate(builder)
        return [allows(made, each) for each in (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)]

    assert allowed() == [True, True]
    assert allowed(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE) == [True, True]
    assert allowed(ExtendedKeyUsageOID.OCSP_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE) == [True, True]
    assert allowed(ExtendedKeyUsageOID.CLIENT_AUTH) == [True, False]
    assert allowed(ExtendedKeyUsageOID.OCSP_SIGNING) == [False, False]


def common_name(text: str) -> x509.Name:
    """Make a name of one common name and nothing else."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
