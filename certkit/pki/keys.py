"""Private and public keys: make, write, read and judge them."""

import contextlib
import hashlib
import hmac
import unicodedata
from collections.abc import Callable
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import Certificate

from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.pki import encrypted_key

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

WEAK_HASHES = (hashes.MD5, hashes.SHA1)
"""With what nobody believes a signature any more: Go refuses both, SHA-1 since 1.18."""
LARGEST_RSA = 8192
"""Bits. What is larger takes seconds to check, and nobody needs it."""
_LONGEST_PRIME = 2049
"""Bits of a prime of RSA-4096. That of a longer one is proven in minutes, and a short modulus may come with it."""
_LARGEST_PEM = 2**18  # of the key's file, in which certificates may stand, too
_EXPONENT = 65537
_RSA_BITS = (3072, 4096)
_FIELD = 2**255 - 19
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = {0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8}
_LONGEST_PASSPHRASE = 1023  # OpenSSL takes no more
_GENERATORS: dict[str, Callable[[], PrivateKey]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa3072": lambda: rsa.generate_private_key(_EXPONENT, 3072),
    "rsa4096": lambda: rsa.generate_private_key(_EXPONENT, 4096),
}
KEY_TYPES = tuple(_GENERATORS)


class EncryptedKeyError(CertkitError):
    """The key is encrypted and no passphrase was given."""

    code = "key-encrypted"


class WrongPassphraseError(CertkitError):
    """The passphrase does not open the key."""

    code = "passphrase-wrong"


def generate(key_type: str) -> PrivateKey:
    """Make a key of one of KEY_TYPES."""
    return _GENERATORS[key_type]()


def to_pem(key: PrivateKey, passphrase: bytes | None = None) -> bytes:
    """Write a key as PKCS#8 PEM (RFC 5958), encrypted unless `passphrase` is None.

    Raises RefusedError for a passphrase of no or too many bytes.
    """
    form, clear = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    if passphrase is None:
        return key.private_bytes(serialization.Encoding.PEM, form, clear)
    secret = normal(passphrase)
    if not 0 < len(secret) <= _LONGEST_PASSPHRASE:
        raise RefusedError(
            f"the passphrase is empty, or longer than {_LONGEST_PASSPHRASE} bytes",
            "Choose another passphrase.",
            code="passphrase-length",
            limit=_LONGEST_PASSPHRASE,
        )
    return encrypted_key.to_pem(key.private_bytes(serialization.Encoding.DER, form, clear), secret)


def load(pem: bytes, passphrase: bytes | None = None) -> PrivateKey:
    """Read a PEM key: PKCS#8, SEC 1 or PKCS#1.

    Raises MalformedError if it is none or is larger than any key in use, EncryptedKeyError if it wants a passphrase,
    WrongPassphraseError if not this one.
    """
    if len(pem) > _LARGEST_PEM or not encrypted_key.is_bounded(pem):
        raise MalformedError(
            "the private key is larger than any in use, or takes too long to open", code="private-key-too-large"
        )
    for spelling in _spellings(passphrase):
        with contextlib.suppress(WrongPassphraseError):
            return _load(pem, spelling)
    raise WrongPassphraseError("the passphrase does not open the key", "Try again.")


def normal(passphrase: bytes) -> bytes:
    """Return the one form of a passphrase (NFC): typed on two keyboards, it may come as different code points."""
    return _normalized(passphrase, "NFC")


def _normalized(passphrase: bytes, form: Literal["NFC", "NFD"]) -> bytes:
    try:
        return unicodedata.normalize(form, passphrase.decode()).encode()
    except UnicodeDecodeError:  # of another tool's, in another encoding
        return passphrase


def _spellings(passphrase: bytes | None) -> list[bytes | None]:
    """Return all forms of a passphrase under which a key may be encrypted, by a former certkit or another tool."""
    if not passphrase:
        return [passphrase]
    return list(dict.fromkeys([normal(passphrase), passphrase, _normalized(passphrase, "NFD")]))


def _load(pem: bytes, passphrase: bytes | None) -> PrivateKey:
    try:
        # The numbers alone: to judge them is what takes the time.
        key = serialization.load_pem_private_key(pem, passphrase, unsafe_skip_rsa_key_validation=True)
        return _judged(key)
    except TypeError:
        if passphrase:  # given, and not wanted
            return _load(pem, None)
        raise EncryptedKeyError("the key is encrypted", "Give its passphrase.") from None
    except (ValueError, OverflowError, UnsupportedAlgorithm):
        if passphrase and b"ENCRYPTED" in pem:
            raise WrongPassphraseError("the passphrase does not open the key", "Try again.") from None
        raise MalformedError(
            "it is not a private key in PEM form", "Name the key's file.", code="not-a-private-key"
        ) from None


def _judged(key: object) -> PrivateKey:
    """Return a key of a known kind, an RSA key only when its numbers have been measured and then found to be sound.

    Raises MalformedError for any other kind and for what is too long, ValueError where an RSA key's numbers do not fit.
    """
    match key:
        case rsa.RSAPrivateKey():
            numbers = key.private_numbers()
            if max(numbers.p, numbers.q).bit_length() > _LONGEST_PRIME:
                raise MalformedError(
                    "the key is an RSA key of more than 4096 bits",
                    "Use P-256, P-384, Ed25519 or RSA with 3072 or 4096 bits.",
                    code="private-key-too-large",
                )
            return numbers.private_key()
        case ec.EllipticCurvePrivateKey() | ed25519.Ed25519PrivateKey():
            return key
    raise MalformedError(
        "the key's kind is not supported", "Use P-256, P-384, Ed25519 or RSA.", code="private-key-kind"
    )


def check_public(key: object) -> PublicKey:
    """Return the key if it is one that certkit would make itself; raise RefusedError if not."""
    match key:
        case ed25519.Ed25519PublicKey() if not _has_small_order(key):
            return key
        case ec.EllipticCurvePublicKey() if isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
            return key
        case rsa.RSAPublicKey() if key.key_size in _RSA_BITS and key.public_numbers().e == _EXPONENT:
            return key
    raise RefusedError(
        f"a key of this kind is not accepted: {describe(key)}",
        "Make one of P-256, P-384, Ed25519, or RSA with 3072 or 4096 bits.",
        code="public-key-not-accepted",
        kind=describe(key),
    )


def describe(key: object) -> str:
    """Return a public key's kind and size in words."""
    match key:
        case rsa.RSAPublicKey():
            exponent = key.public_numbers().e
            return f"RSA with {key.key_size} bits" + (f" and exponent {exponent}" if exponent != _EXPONENT else "")
        case ec.EllipticCurvePublicKey():
            return f"ECDSA on {key.curve.name}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519" + (" of small order" if _has_small_order(key) else "")
    return type(key).__name__.removesuffix("PublicKey")


def public_pin(key: PublicKey) -> bytes:
    """Return the 32 bytes of SHA-256 over the SubjectPublicKeyInfo (as RFC 7469 pins a key)."""
    return hashlib.sha256(
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).digest()


def public_of(certificate: Certificate) -> PublicKey:
    """Return the public key of a certificate; raise MalformedError if it is of a kind that certkit does not know."""
    key = _public_of(certificate)
    if key is None:
        raise MalformedError(
            "the certificate's key is of an unknown kind", "Ask for a new one.", code="certificate-key-kind"
        )
    return key


def matches(key: PrivateKey, certificate: Certificate) -> bool:
    """Tell whether the certificate is for this key."""
    return is_key_of(key.public_key(), certificate)


def is_key_of(key: PublicKey, certificate: Certificate) -> bool:
    """Tell whether the certificate is for this public key."""
    public = _public_of(certificate)
    return public is not None and hmac.compare_digest(public_pin(key), public_pin(public))


def can_vouch(key: object) -> bool:
    """Tell whether a signature by this key says anything, and can be checked in a moment."""
    match key:
        case rsa.RSAPublicKey():
            return key.key_size <= LARGEST_RSA
        case ed25519.Ed25519PublicKey():
            return not _has_small_order(key)
    return isinstance(key, PublicKey)


def signature_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """Return the hash that goes with a key's strength; Ed25519 has its own (RFC 8410)."""
    match key:
        case ed25519.Ed25519PrivateKey():
            return None
        case ec.EllipticCurvePrivateKey() if key.curve.key_size > ec.SECP384R1.key_size:
            return hashes.SHA512()
        case ec.EllipticCurvePrivateKey() if key.curve.key_size > ec.SECP256R1.key_size:
            return hashes.SHA384()
    return hashes.SHA256()


def _public_of(certificate: Certificate) -> PublicKey | None:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, PublicKey) else None


def _has_small_order(key: ed25519.Ed25519PublicKey) -> bool:
    """Tell whether a key is one of the eight points that a signature can be made for without any private key.

    Five y-coordinates, whatever the sign of x, and not only in their canonical encodings (RFC 8032, section 5.1.7).
    """
    y = int.from_bytes(key.public_bytes_raw(), "little") & (1 << 255) - 1
    return y % _FIELD in _SMALL_ORDER
