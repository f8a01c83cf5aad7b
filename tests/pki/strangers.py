"""Certificates as strangers make them: each well-formed enough to be carried, and odd in one way."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certkit.pki import certificates, der

KEY = ec.derive_private_key(7, ec.SECP256R1())
_BEGIN, _END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
_FIELD = 2**255 - 19
_ALTERNATIVE, _BASIC = "2.5.29.17", "2.5.29.19"


def certificate() -> x509.Certificate:
    """Make an ordinary self-signed certificate, with some extensions."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
    return (
        x509.CertificateBuilder(name, name, KEY.public_key(), 7, _BEGIN, _END)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("stranger.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), critical=False)
        .sign(KEY, hashes.SHA256())
    )


def small_order_points() -> list[bytes]:
    """Return every encoding of the eight points of Ed25519 whose order divides eight."""
    order_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
    found = [0, 1, _FIELD - 1, order_8, _FIELD - order_8, _FIELD, _FIELD + 1]
    return [(y | sign << 255).to_bytes(32, "little") for y in found for sign in (0, 1)]


def _fields(**other: bytes) -> bytes:
    """Write a certificate with other fields; the signature is that of the original, and so is wrong."""
    whole = der.split(der.content(certificates.to_der(certificate())))
    names = ("version", "serial", "algorithm", "issuer", "validity", "subject", "key", "extensions")
    own = dict(zip(names, der.split(der.content(whole[0])), strict=True))
    body = der.encode(der.SEQUENCE, *(own | other).values())
    return der.encode(der.SEQUENCE, body, *whole[1:])


def _extension(name: str, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.object_identifier(name), der.encode(der.OCTETS, value))


def _extensions(*each: bytes) -> bytes:
    return der.encode(b"\xa3", der.encode(der.SEQUENCE, *each))


def _name(value: bytes, tag: bytes = b"\x0c") -> bytes:
    attribute = der.encode(der.SEQUENCE, der.object_identifier("2.5.4.3"), der.encode(tag, value))
    return der.encode(der.SEQUENCE, der.encode(b"\x31", attribute))


def _validity(begin: bytes, end: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.encode(b"\x18", begin), der.encode(b"\x18", end))


_X400 = der.encode(b"\xa3", der.encode(der.SEQUENCE))
_EDI = der.encode(b"\xa5", der.encode(b"\xa1", der.encode(b"\x0c", b"x")))
_UNKNOWN_KEY = der.encode(
    der.SEQUENCE, der.encode(der.SEQUENCE, der.object_identifier("1.3.6.1.4.1.32473.5")), b"\x03\x02\x00\x01"
)
_OFF_THE_CURVE = der.encode(
    der.SEQUENCE,
    der.encode(der.SEQUENCE, der.object_identifier("1.2.840.10045.2.1"), der.object_identifier("1.2.840.10045.3.1.7")),
    der.encode(b"\x03", b"\0\x04" + bytes(63) + b"\x01"),
)

STRANGERS = {
    "an ordinary one": certificates.to_der(certificate()),
    "an x400Address": _fields(extensions=_extensions(_extension(_ALTERNATIVE, der.encode(der.SEQUENCE, _X400)))),
    "an ediPartyName": _fields(extensions=_extensions(_extension(_ALTERNATIVE, der.encode(der.SEQUENCE, _EDI)))),
    "an unknown key algorithm": _fields(key=_UNKNOWN_KEY),
    "a point off the curve": _fields(key=_OFF_THE_CURVE),
    "a common name that is not UTF-8": _fields(subject=_name(b"al\xff\xfe")),
    "an issuer that is not UTF-8": _fields(issuer=_name(b"al\xff\xfe")),
    "a BMPString cut in half": _fields(subject=_name(b"\0a\0", b"\x1e")),
    "a subject that is a bit string": _fields(subject=_name(b"\0stranger", b"\x03")),
    "an issuer that is a bit string": _fields(issuer=_name(b"\0stranger", b"\x03")),
    "a directory that is a bit string": _fields(
        extensions=_extensions(
            _extension(_ALTERNATIVE, der.encode(der.SEQUENCE, der.encode(b"\xa4", _name(b"\0stranger", b"\x03"))))
        )
    ),
    "an empty name": _fields(subject=der.encode(der.SEQUENCE)),
    "a name that breaks lines": _fields(subject=_name(b"al\r\n\x1b[31m")),
    "a negative serial number": _fields(serial=b"\x02\x01\x81"),
    "a serial number of nothing": _fields(serial=b"\x02\x00"),
    "a serial number of 400 bytes": _fields(serial=der.encode(b"\x02", b"\x01" * 400)),
    "version 1": _fields(version=b"", extensions=b""),
    "version 1 with extensions": _fields(version=b""),
    "version 9": _fields(version=b"\xa0\x03\x02\x01\x09"),
    "the year 0": _fields(validity=_validity(b"00000101000000Z", b"20360101000000Z")),
    "a month 13": _fields(validity=_validity(b"20261301000000Z", b"20360101000000Z")),
    "the year 9999": _fields(validity=_validity(b"20260101000000Z", b"99991231235959Z")),
    "duplicate extensions": _fields(
        extensions=_extensions(*[_extension(_BASIC, der.encode(der.SEQUENCE, b"\x01\x01\xff"))] * 2)
    ),
    "an extension that is none": _fields(extensions=_extensions(_extension(_BASIC, b"\xff\xff"))),
    "an alternative name of no type": _fields(
        extensions=_extensions(_extension(_ALTERNATIVE, der.encode(der.SEQUENCE, b"\x9f\x1f\x00")))
    ),
    "an address of 5 bytes": _fields(
        extensions=_extensions(_extension(_ALTERNATIVE, der.encode(der.SEQUENCE, der.encode(b"\x87", bytes(5)))))
    ),
    "a DNS name that is not ASCII": _fields(
        extensions=_extensions(_extension(_ALTERNATIVE, der.encode(der.SEQUENCE, der.encode(b"\x82", b"\xff"))))
    ),
}
