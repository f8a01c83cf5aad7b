"""The few places where the very bytes of an encoding matter (DER, ITU-T X.690)."""

from cryptography import x509

SEQUENCE, OCTETS = b"\x30", b"\x04"
_INTEGER, _BITS, _OBJECT = b"\x02", b"\x03", b"\x06"
_VERSION = 0xA0
_LONG = 0x80
_SEVEN_BITS = 7


def issuer(certificate: x509.Certificate) -> bytes:
    """Return the issuer's name as it is encoded, which is what Go and TLS compare."""
    return _fields(certificate)[2]


def subject(certificate: x509.Certificate) -> bytes:
    """Return the subject's name as it is encoded."""
    return _fields(certificate)[4]


def name(encoded: bytes) -> x509.Name:
    """Read a name by itself; raise ValueError if it is none.

    cryptography does that from 49 on, which Intel Macs have no wheel of; before, a name is read as that of a request.
    """
    if hasattr(x509.Name, "from_bytes"):
        return x509.Name.from_bytes(encoded)
    algorithm = encode(SEQUENCE, object_identifier("1.3.101.112"))
    key = encode(SEQUENCE, algorithm, encode(_BITS, bytes(33)))
    asked = encode(SEQUENCE, integer(0), encoded, key, encode(bytes([_VERSION])))
    return x509.load_der_x509_csr(encode(SEQUENCE, asked, algorithm, encode(_BITS, bytes(1)))).subject


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


def encode(tag: bytes, *parts: bytes) -> bytes:
    """Encode an element of the given tag with the parts as its content."""
    joined = b"".join(parts)
    if len(joined) < _LONG:
        return tag + bytes([len(joined)]) + joined
    length = len(joined).to_bytes((len(joined).bit_length() + 7) // 8)
    return tag + bytes([_LONG | len(length)]) + length + joined


def integer(value: int) -> bytes:
    """Encode an INTEGER that is not negative."""
    return encode(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def object_identifier(dotted: str) -> bytes:
    """Encode an OBJECT IDENTIFIER."""
    first, second, *others = map(int, dotted.split("."))
    return encode(_OBJECT, *map(_base128, [40 * first + second, *others]))


def _base128(value: int) -> bytes:
    digits = [value & (_LONG - 1)]
    while value := value >> _SEVEN_BITS:
        digits.append(value & (_LONG - 1) | _LONG)
    return bytes(reversed(digits))
