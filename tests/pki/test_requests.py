"""Of a request nothing is believed but the key, and that only when the request is signed with it."""

import contextlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.pki import keys, requests
from certkit.pki.signer import KeySigner

KEY = keys.generate("p256")
PEM = requests.make(KeySigner(KEY))
DER = x509.load_pem_x509_csr(PEM).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("key_type", keys.KEY_TYPES)
def test_a_request_gives_the_key_that_it_was_made_with(key_type: str) -> None:
    key = keys.generate(key_type)
    assert requests.read(requests.make(KeySigner(key))) == key.public_key()


def test_a_request_is_read_from_pem_and_der_and_from_within_other_text() -> None:
    for content in (PEM, DER, b"Hello,\nhere is my request:\n" + PEM + b"Alice\n", PEM.replace(b"\n", b"\r\n")):
        assert requests.read(content) == KEY.public_key()


def test_a_request_names_nobody() -> None:
    request = x509.load_pem_x509_csr(PEM)
    assert not list(request.subject)
    assert not list(request.extensions)


def test_names_and_wishes_in_a_request_are_ignored() -> None:
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bob\x1b[31m")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    request = builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    assert requests.read(request) == KEY.public_key()


def test_a_request_that_was_changed_is_refused() -> None:
    changed = bytearray(DER)
    changed[-1] ^= 1
    with pytest.raises(RefusedError, match="not signed by the key in it"):
        requests.read(bytes(changed))


def test_a_request_with_somebody_elses_key_is_refused() -> None:
    key, other = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
    raw, others = (each.public_key().public_bytes_raw() for each in (key, other))
    der = x509.load_pem_x509_csr(requests.make(KeySigner(key))).public_bytes(serialization.Encoding.DER)
    with pytest.raises(RefusedError, match="not signed by the key in it"):
        requests.read(der.replace(raw, others))
    assert raw in der


@pytest.mark.parametrize(
    ("key", "described"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA with 1024 bits"),
        (rsa.generate_private_key(65537, 2048), "RSA with 2048 bits"),
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
    ],
)
def test_a_weak_or_an_odd_key_is_refused(key: keys.PrivateKey, described: str) -> None:
    with pytest.raises(RefusedError, match=described):
        requests.read(requests.make(KeySigner(key)))


@given(st.binary(max_size=400))
@example(b"")
@example(PEM[:-30])
@example(b"-----BEGIN CERTIFICATE REQUEST-----")
@example(keys.to_pem(KEY))
@example(DER.replace(b"\x02\x01\x00", b"\x02\x01\x07", 1))
def test_what_is_no_request_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedError, match="not a certificate request"):
        requests.read(content)


@given(st.integers(0, len(DER) - 1), st.integers(1, 255), st.integers(0, len(DER)))
def test_no_change_of_a_request_makes_the_reader_fail_in_another_way_or_read_another_key(
    position: int, change: int, cut: int
) -> None:
    changed = bytearray(DER)
    changed[position] ^= change
    with contextlib.suppress(CertkitError):  # a signature's unused bits may be written in more than one way
        assert requests.read(bytes(changed)) == KEY.public_key()
    with pytest.raises(CertkitError):
        requests.read(bytes(changed[:cut]))


def test_a_key_of_absurd_size_is_refused_before_its_signature_is_checked() -> None:
    numbers = rsa.RSAPublicNumbers(65537, (1 << 16384) + 1)
    info = numbers.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    own = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    inner = x509.load_der_x509_csr(DER).tbs_certrequest_bytes
    algorithm_and_signature = DER[DER.index(inner) + len(inner) :]
    body = inner[inner.index(b"\x02\x01\x00") :].replace(own, info)
    with pytest.raises(RefusedError, match="RSA with 16385 bits"):
        requests.read(sequence(sequence(body) + algorithm_and_signature))


def sequence(content: bytes) -> bytes:
    """Encode a DER SEQUENCE of up to 65,535 bytes."""
    return b"\x30\x82" + len(content).to_bytes(2) + content
