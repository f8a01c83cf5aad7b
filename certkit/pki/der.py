"""The few places of a certificate whose very bytes matter (DER, ITU-T X.690)."""

from cryptography import x509

_VERSION = 0xA0
_LONG = 0x80


def issuer(certificate: x509.Certificate) -> bytes:
    """Return the issuer's name as it is encoded, which is what Go and TLS compare."""
    return _fields(certificate)[2]


def subject(certificate: x509.Certificate) -> bytes:
    """Return the subject's name as it is encoded."""
    return _fields(certificate)[4]


def _fields(certificate: x509.Certificate) -> list[bytes]:
    """Split the signed part: serial number, algorithm, issuer, validity, subject and what follows (RFC 5280, 4.1)."""
    found = split(content(certificate.tbs_certificate_bytes))
    return found[1:] if found[0][0] == _VERSION else found


def split(sequence: bytes) -> list[bytes]:
    """Split the content of a well-formed sequence into its elements, each with tag and length."""
    elements = []
    while sequence:
        start, length = _extent(sequence)
        elements.append(sequence[: start + length])
        sequence = sequence[start + length :]
    return elements


def content(element: bytes) -> bytes:
    """Return the content of a well-formed element."""
    start, length = _extent(element)
    return element[start : start + length]


def _extent(element: bytes) -> tuple[int, int]:
    """Return where an element's content begins, and its length."""
    first = element[1]
    if first < _LONG:
        return 2, first
    octets = first - _LONG
    return 2 + octets, int.from_bytes(element[2 : 2 + octets])
