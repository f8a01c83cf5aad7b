"""How long certificates live, what they are numbered, and how they are read."""

import ssl
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

from certkit.errors import MalformedError, RefusedError
from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DECADE, YEAR = timedelta(days=3653), timedelta(days=365)
HOSTS = [x509.DNSName("build.acme.example")]
KEY = keys.generate("p256")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return certificates.authority(KeySigner(KEY), "acme server authority", NOW, DECADE)


@pytest.mark.parametrize("ahead", [timedelta(0), DECADE - YEAR, DECADE - timedelta(seconds=2)])
def test_no_leaf_outlives_its_authority(authority: Authority, ahead: timedelta) -> None:
    leaf = certificates.daemon(authority, KEY.public_key(), HOSTS, NOW + ahead, 2 * DECADE)
    assert leaf.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_an_expired_authority_signs_nothing(authority: Authority) -> None:
    with pytest.raises(RefusedError, match="the authority has expired"):
        certificates.daemon(authority, KEY.public_key(), HOSTS, NOW + DECADE, YEAR)


def test_a_time_elsewhere_is_turned_into_utc() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=14)))
    assert certificates.authority(
        KeySigner(KEY), "a", elsewhere, YEAR
    ).certificate.not_valid_before_utc == NOW - timedelta(minutes=10)


def test_serial_numbers_are_159_random_bits() -> None:
    serials = {certificates.authority(KeySigner(KEY), "a", NOW, YEAR).certificate.serial_number for _ in range(100)}
    assert len(serials) == 100
    assert 150 < max(serials).bit_length() <= 159
    assert all(20 < sum(serial >> bit & 1 for serial in serials) < 80 for bit in range(0, 159, 20))


def test_a_long_host_name_is_cut_in_the_common_name_alone(authority: Authority) -> None:
    host = ".".join(["a" * 50] * 3)
    leaf = certificates.daemon(authority, KEY.public_key(), [x509.DNSName(host)], NOW, YEAR)
    assert certificates.words(leaf.subject) == host[:64]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [host]


def test_an_authoritys_key_is_not_shown_by_accident(authority: Authority) -> None:
    assert "key" not in repr(authority).lower()


def test_a_certificate_is_read_from_pem_and_der(authority: Authority) -> None:
    own = authority.certificate
    assert certificates.load(certificates.to_pem(own)) == certificates.load(certificates.to_der(own)) == own
    assert certificates.load_all(certificates.to_pem(own) * 2) == [own, own]


def broken(authority: Authority) -> list[bytes]:
    """Return DER that is nearly a certificate: cut, too long, of an unknown version."""
    der = certificates.to_der(authority.certificate)
    version = bytes.fromhex("a0030201")
    return [der[:-1], der + b"\0", der.replace(version + b"\x02", version + b"\x07", 1)]


def test_what_is_no_certificate_is_malformed(authority: Authority) -> None:
    for content in (b"", b"x", b"-----BEGIN X-----", keys.to_pem(KEY), *broken(authority)):
        with pytest.raises(MalformedError, match="not a certificate"):
            certificates.load(content)


def test_one_broken_certificate_makes_a_file_of_several_malformed(authority: Authority) -> None:
    good = certificates.to_pem(authority.certificate)
    for content in (
        b"",
        b"x",
        good[:-60],
        *(good + ssl.DER_cert_to_PEM_cert(der).encode() for der in broken(authority)),
    ):
        with pytest.raises(MalformedError, match="no certificate in PEM form"):
            certificates.load_all(content)


def test_serials_and_fingerprints_are_spelled_as_openssl_spells_them(authority: Authority) -> None:
    assert certificates.serial_text(0x0A0B) == "0a0b"
    assert certificates.serial_text(0xFF) == "ff"
    assert len(certificates.fingerprint(authority.certificate)) == 32 * 3 - 1


def test_a_leaf_is_never_older_than_its_authority(authority: Authority) -> None:
    leaf = certificates.daemon(authority, KEY.public_key(), HOSTS, NOW + timedelta(minutes=4), YEAR)
    assert leaf.not_valid_before_utc == NOW - timedelta(minutes=6)
    at_once = certificates.daemon(authority, KEY.public_key(), HOSTS, NOW - timedelta(minutes=5), YEAR)
    assert at_once.not_valid_before_utc == authority.certificate.not_valid_before_utc


def test_a_signature_counts_only_under_the_name_and_by_the_key_of_an_authority(authority: Authority) -> None:
    own = authority.certificate
    namesake = certificates.authority(KeySigner(keys.generate("p256")), "acme server authority", NOW, DECADE)
    renamed = certificates.authority(authority.signer, "acme server authority 2", NOW, DECADE)
    leaf = certificates.daemon(authority, KEY.public_key(), HOSTS, NOW, YEAR)
    judged = [certificates.has_signed(each, leaf) for each in (own, namesake.certificate, renamed.certificate)]
    assert judged == [True, False, False]


def test_what_nobodys_key_has_signed_is_not_believed() -> None:
    """The identity point is a public key under which one signature is good for everything."""
    key = keys.generate("ed25519")
    made = certificates.authority(KeySigner(key), "acme client authority", NOW, YEAR).certificate
    public = key.public_key()
    assert isinstance(public, ed25519.Ed25519PublicKey)
    identity = (1).to_bytes(32, "little")
    content = certificates.to_der(made).replace(public.public_bytes_raw(), identity)
    forged = x509.load_der_x509_certificate(content[:-64] + identity + bytes(32))
    forged.verify_directly_issued_by(forged)  # as the mathematics have it
    assert not certificates.has_signed(forged, forged)
