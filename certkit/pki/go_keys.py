"""Private keys as Go's crypto/tls parses them: PKCS#1, PKCS#8 or SEC 1, whatever the block's name says.

Only ECDSA on Go's own curves, Ed25519 and RSA are keys to it: not secp256k1, not RSASSA-PSS, not Ed448. What a key of
PKCS#8 or SEC 1 holds beyond the number itself is not looked at.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from certkit.errors import MalformedError
from certkit.pki import go_der
from certkit.pki.go_certificate import CURVES, ECDSA, ED25519, RSA
from certkit.pki.go_der import DerError, Reader, context
from certkit.pki.keys import LARGEST_RSA, PrivateKey

KINDS = {
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.3.132.0.10": "ECDSA on secp256k1",
    "1.3.36.3.3.2.8.1.1.7": "ECDSA on brainpoolP256r1",
    "1.3.36.3.3.2.8.1.1.11": "ECDSA on brainpoolP384r1",
    "1.2.840.10040.4.1": "DSA",
    "1.3.101.110": "X25519",
    "1.3.101.113": "Ed448",
}
"""Kinds of keys that are common elsewhere and none to Go, by what identifies them."""

_LARGEST_EXPONENT = 2**31 - 1
_UNSIGNED = "that cannot sign in Go's TLS"
_SMALLEST_RSA = 1024
"""Bits of the smallest RSA key that Go signs and verifies with, since 1.24; TLS 1.3 has no signature by one of 512."""


class UnknownKindError(MalformedError):
    """It is a key, of a kind that Go does not know, or can do nothing with in TLS."""

    code = "key-kind-unknown-to-go"

    def __init__(self, kind: str, lack: str = "that Go does not know") -> None:
        super().__init__(
            f"the key is of a kind {lack}: {kind}",
            "Use P-256, P-384, Ed25519 or RSA.",
            kind=kind,
        )


def load(der: bytes) -> PrivateKey:
    """Read a key as Go's `parsePrivateKey` does; raise MalformedError where it cannot, UnknownKindError for why."""
    unknown: UnknownKindError | None = None
    for parse in (_pkcs1, _pkcs8, _sec1):
        try:
            return parse(der)
        except UnknownKindError as error:
            unknown = unknown or error
        except (DerError, ValueError, OverflowError, UnsupportedAlgorithm):
            pass
    raise unknown or MalformedError("it is not a private key that Go can read", code="private-key-malformed")


def check_signs(key: PrivateKey) -> None:
    """Raise UnknownKindError if Go can read a key, and has no signature by it in TLS 1.3."""
    match key:
        case ec.EllipticCurvePrivateKey(curve=ec.SECP224R1()):
            raise UnknownKindError("ECDSA on P-224", _UNSIGNED)
        case rsa.RSAPrivateKey(key_size=size) if size < _SMALLEST_RSA:
            raise UnknownKindError(f"RSA of {size} bits", _UNSIGNED)


def _pkcs1(der: bytes) -> PrivateKey:
    whole = Reader(der)
    found = whole.enter()
    version, n, e, d, p, q = (found.integer() for _ in range(6))
    rest = [found.integer() for _ in range(3) if found.tag() == go_der.INTEGER]
    if whole.left or version > 1 or min(n, e, d, p, q, *rest) <= 0 or e > _LARGEST_EXPONENT:
        raise DerError("key")
    if max(n, d, p, q).bit_length() > LARGEST_RSA or p * q != n or (d * e - 1) % (p - 1) or (d * e - 1) % (q - 1):
        raise DerError("key")
    computed = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    if len(rest) == len(computed) and tuple(rest) != computed:
        raise DerError("key")
    numbers = rsa.RSAPrivateNumbers(p, q, d, *computed, rsa.RSAPublicNumbers(e, n))
    # Go proves no prime either, and OpenSSL takes minutes where one is long.
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _pkcs8(der: bytes) -> PrivateKey:
    found = Reader(der).enter()
    found.integer()
    identifier = found.enter()
    name = identifier.object()
    parameters = identifier.element() if identifier.left else b""
    key = found.read(go_der.OCTETS)
    if name == RSA:
        return _pkcs1(key)
    if name == ECDSA:
        return _elliptic(key, parameters)
    if name == ED25519 and not parameters:
        return ed25519.Ed25519PrivateKey.from_private_bytes(Reader(key).read(go_der.OCTETS))
    raise UnknownKindError(KINDS.get(name, name))


def _sec1(der: bytes) -> PrivateKey:
    return _elliptic(der, b"")


def _elliptic(der: bytes, parameters: bytes) -> PrivateKey:
    """Read SEC 1's key (RFC 5915); the curve that PKCS#8 names goes before its own."""
    found = Reader(der).enter()
    if found.integer() != 1:
        raise DerError("version")
    secret = int.from_bytes(found.read(go_der.OCTETS))
    name = found.object() if found.explicit(context(0, constructed=True), go_der.OBJECT) else ""
    if found.explicit(context(1, constructed=True), go_der.BITS):
        found.bits()
    name = Reader(parameters).object() if parameters[:1] == bytes([go_der.OBJECT]) else name
    if not name:
        raise UnknownKindError("an elliptic curve without a name")
    if name not in CURVES:
        raise UnknownKindError(KINDS.get(name, f"an elliptic curve, {name}"))
    return ec.derive_private_key(secret, CURVES[name])
