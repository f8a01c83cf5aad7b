"""What signs may be anywhere: an authority works as well with a key that no file holds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certkit.errors import RefusedError
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner, Signer, exportable_key
from certkit.trust import anchors, crl

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CURVE = ec.SECP256R1()


def token() -> tuple[ec.EllipticCurvePublicKey, Callable[[bytes], bytes]]:
    """Stand in for a PKCS#11 token: it shows its public key, signs, and that is all it does."""
    kept = ec.generate_private_key(CURVE)
    return kept.public_key(), lambda data: kept.sign(data, ec.ECDSA(hashes.SHA256()))


class InToken(ec.EllipticCurvePrivateKey):
    """A handle to a key in a token; whatever needs the key itself fails."""

    def __init__(self) -> None:
        self._public, self._sign = token()

    curve = CURVE
    key_size = CURVE.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    def sign(self, data: object, signature_algorithm: object) -> bytes:  # noqa: ARG002  as cryptography calls it
        return self._sign(bytes(data))  # type: ignore[call-overload]

    def exchange(self, *_: object) -> bytes:
        raise AssertionError

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        raise AssertionError

    def private_bytes(self, *_: object) -> bytes:
        raise AssertionError

    def __copy__(self) -> "InToken":
        raise AssertionError

    def __deepcopy__(self, memo: object) -> "InToken":
        raise AssertionError


class TokenSigner:
    """A signer that certkit does not know."""

    def __init__(self) -> None:
        self._handle = InToken()

    @property
    def public_key(self) -> keys.PublicKey:
        return self._handle.public_key()

    def sign_certificate(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self._handle, hashes.SHA256())

    def sign_crl(self, builder: x509.CertificateRevocationListBuilder) -> x509.CertificateRevocationList:
        return builder.sign(self._handle, hashes.SHA256())

    def sign_request(self, builder: x509.CertificateSigningRequestBuilder) -> x509.CertificateSigningRequest:
        return builder.sign(self._handle, hashes.SHA256())


@pytest.fixture(params=[TokenSigner, lambda: KeySigner(keys.generate("p256"))], ids=["token", "memory"])
def signer(request: pytest.FixtureRequest) -> Signer:
    made: Signer = request.param()
    return made


def test_an_authority_signs_all_it_ever_signs_by_a_signer_of_any_kind(signer: Signer) -> None:
    authority = certificates.authority(signer, "acme client authority", NOW, 10 * DAY)
    leaf = certificates.device(
        authority, keys.generate("p256").public_key(), person="al", dns_name="a.b", now=NOW, life=DAY
    )
    anchor = anchors.anchor(authority, ["gone.acme.certkit.internal"])
    for certificate in (authority.certificate, leaf, anchor):
        certificate.verify_directly_issued_by(authority.certificate)
    signed = crl.crl(authority, [], 1, NOW, DAY)
    public_key = signer.public_key
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    assert signed.is_signature_valid(public_key)
    assert requests.read(requests.make(signer)) == public_key


def test_a_key_in_memory_can_be_written_down_and_one_in_a_token_cannot() -> None:
    key = keys.generate("p256")
    assert exportable_key(KeySigner(key)) is key
    with pytest.raises(RefusedError, match="never leaves") as refused:
        exportable_key(TokenSigner())
    assert refused.value.code == "key-not-exportable"


def test_a_key_in_memory_is_not_shown_by_accident() -> None:
    assert repr(KeySigner(keys.generate("p256"))) == "KeySigner()"
