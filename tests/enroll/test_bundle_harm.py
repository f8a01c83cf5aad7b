"""Bundles made to do harm: whatever they hold, the reader says so in its own words, soon, and enrolls nothing."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa, x448
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certkit.cli import main
from certkit.enroll.bundle import open_bundle, seal
from certkit.errors import CertkitError
from certkit.pki import certificates, keys
from tests.enroll.conftest import NOW, Team

KEY = keys.generate("p256")
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="session")
def content(team: Team) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(seal(team.bundle(key=KEY), None))
    return parsed


def pem(label: str, der: bytes) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def authority(
    *,
    name: str = "acme server authority",
    public: CertificatePublicKeyTypes | None = None,
    more: x509.ExtensionType | None = None,
) -> bytes:
    """Make an authority's certificate, DER, with a strange part."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public or KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    if more:
        builder = builder.add_extension(more, critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def changed(der: bytes, part: bytes, strange: bytes) -> bytes:
    """Put something strange of the same length in the place of a part that is there."""
    assert part in der
    assert len(part) == len(strange)
    return der.replace(part, strange)


def with_x400_address() -> bytes:
    """An email address of the same length gives its place to an x400Address: tag [3], constructed, empty set inside."""
    names = x509.SubjectAlternativeName([x509.RFC822Name("a@b.cd"), x509.DNSName("x.example")])
    return changed(authority(more=names), b"\x81\x06a@b.cd", b"\xa3\x06\x31\x04\x30\x02\x05\x00")


def with_a_key_on_no_known_curve() -> bytes:
    known = bytes.fromhex("06082a8648ce3d030107")
    return changed(authority(), known, known[:-1] + b"\x7f")


def with_a_key_of_no_known_kind() -> bytes:
    known = bytes.fromhex("06072a8648ce3d0201")
    return changed(authority(), known, known[:-1] + b"\x7f")


def with_a_signature_of_no_known_kind() -> bytes:
    known = bytes.fromhex("06082a8648ce3d040302")
    return changed(authority(), known, known[:-1] + b"\x7f")


def with_a_date_that_is_none() -> bytes:
    return changed(authority(), b"261124120000Z", b"261324120000Z")


def with_a_twin_among_its_extensions() -> bytes:
    names = x509.SubjectAlternativeName([x509.DNSName("x.example")])
    # basicConstraints' identifier in the place of subjectAltName's
    return changed(authority(more=names), b"\x55\x1d\x11", b"\x55\x1d\x13")


STRANGE: dict[str, Callable[[], bytes]] = {
    "x400Address": with_x400_address,
    "common name not UTF-8": lambda: changed(authority(name="acme!"), b"acme!", b"acm\xff\xfe"),
    "unknown curve": with_a_key_on_no_known_curve,
    "unknown kind of key": with_a_key_of_no_known_kind,
    "unknown signature": with_a_signature_of_no_known_kind,
    "damaged point": lambda: changed(authority(), b"\x03\x42\x00\x04", b"\x03\x42\x00\x05"),
    "no date": with_a_date_that_is_none,
    "an extension twice": with_a_twin_among_its_extensions,
    "DSA": lambda: authority(public=dsa.generate_private_key(2048).public_key()),
    "X448": lambda: authority(public=x448.X448PrivateKey.generate().public_key()),
    "a small curve": lambda: authority(public=ec.generate_private_key(ec.SECP192R1()).public_key()),
    "RSA-16384": lambda: authority(public=rsa.RSAPublicNumbers(65537, (1 << 16383) + 1).public_key()),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home folder of a laptop with Earthly on it."""
    (tmp_path / "home" / ".earthly").mkdir(parents=True)
    for name in ("SUDO_USER", "XDG_DATA_HOME", "EARTHLY_CONFIG", "EARTHLY_INSTALLATION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def refused(content: dict[str, Any], home: Path, capsys: Captured) -> str:
    """Enroll, which must be refused and write nothing; give the one line that says why."""
    Path("strange.certkit").write_text(json.dumps(content))
    assert main(["enroll", "strange.certkit", "--no-probe"]) == 1
    said, remedy = capsys.readouterr().err.splitlines()
    assert said.startswith("certkit: strange.certkit: this bundle cannot be used: ")
    assert "Ask for a new one" in remedy
    assert not [path for path in home.rglob("*") if path.is_file()]
    return said


@pytest.mark.parametrize("name", [name for name in STRANGE if name != "a small curve"])
def test_an_authority_that_cannot_be_read_whole_is_refused_at_once(
    content: dict[str, Any], home: Path, capsys: Captured, name: str
) -> None:
    refused(content | {"server_authorities": [{"pem": pem("CERTIFICATE", STRANGE[name]())}]}, home, capsys)


@pytest.mark.parametrize("name", STRANGE)
def test_a_clients_certificate_that_is_strange_is_refused_too(
    content: dict[str, Any], home: Path, capsys: Captured, name: str
) -> None:
    refused(content | {"certificate": pem("CERTIFICATE", STRANGE[name]())}, home, capsys)


def integer(number: int) -> bytes:
    octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + length(len(octets)) + octets


def length(size: int) -> bytes:
    return bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")


def rsa_key(modulus: int, prime: int) -> str:
    """Write an RSA key of these numbers (PKCS#1), which need not fit together."""
    inside = b"".join(map(integer, (0, modulus, 65537, 3, prime, 3, 5, 7, 1)))
    return pem("RSA PRIVATE KEY", b"\x30" + length(len(inside)) + inside)


@pytest.mark.parametrize(
    ("modulus", "prime"),
    [((1 << 9600) - 1, (1 << 4423) - 1), ((1 << 3072) - 1, (1 << 4423) - 1), ((1 << 3072) - 1, (1 << 9941) - 1)],
    ids=["a long modulus", "a long prime", "a very long prime"],
)
def test_an_rsa_key_is_measured_before_its_primes_are_proven(
    content: dict[str, Any], home: Path, capsys: Captured, modulus: int, prime: int
) -> None:
    said = refused(content | {"key": rsa_key(modulus, prime)}, home, capsys)
    assert "larger than any" in said or "more than 4096 bits" in said


def test_a_key_of_rsa_4096_fits(team: Team) -> None:
    bundle = team.bundle(key=keys.generate("rsa4096"))
    opened = open_bundle(seal(bundle, None), str)
    assert opened.key
    assert keys.matches(opened.key, bundle.certificate)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=600))
@settings(deadline=None)
def test_whatever_bytes_only_certkits_errors_come_out(content: bytes) -> None:
    with pytest.raises(CertkitError):
        open_bundle(content, lambda: "secret")


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_field_holds_only_certkits_errors_come_out(content: dict[str, Any], data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(content)))
    changed = content | {field: data.draw(json_values)}
    assert_harmless(json.dumps(changed).encode())


@given(st.data())
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_octets_of_a_certificate_or_key_are_changed_only_certkits_errors_come_out(
    content: dict[str, Any], team: Team, data: st.DataObject
) -> None:
    ders = {
        "certificate": certificates.to_der(certificates.load(content["certificate"].encode())),
        "authority": certificates.to_der(team.server.certificate),
        "key": KEY.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    }
    field = data.draw(st.sampled_from(sorted(ders)))
    der = bytearray(ders[field])
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    text = pem("PRIVATE KEY" if field == "key" else "CERTIFICATE", bytes(der))
    changed = content | ({"server_authorities": [{"pem": text}]} if field == "authority" else {field: text})
    assert_harmless(json.dumps(changed).encode())


def assert_harmless(content: bytes) -> None:
    try:
        bundle = open_bundle(content, lambda: "secret")
    except CertkitError:
        return
    replace(bundle, key=bundle.key or KEY).files()
    for certificate in (*bundle.server_authorities, bundle.certificate):
        certificates.words(certificate.subject)
        keys.public_pin(keys.public_of(certificate))
