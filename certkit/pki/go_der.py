"""DER as Go's parsers read it: golang.org/x/crypto/cryptobyte, and where it is called so, encoding/asn1.

Stricter than BER and laxer than X.690: what a sequence holds beyond what is wanted is not looked at.
"""

import re
from datetime import UTC, datetime

BOOLEAN, INTEGER, BITS, OCTETS, OBJECT, SEQUENCE, SET = 0x01, 0x02, 0x03, 0x04, 0x06, 0x30, 0x31
UTF8, NUMERIC, PRINTABLE, T61, IA5, UTC_TIME, TIME, BMP = 0x0C, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1E
NULL = b"\x05\x00"

_LONG = 0x80
_HIGH_TAG = 0x1F
_MOST_LENGTH_OCTETS = 4
_MOST_ARC = 2**31
_MOST_ARC_OCTETS = 5
_PADDING = 7
_ARCS_OF_FIRST = 40
_ZONED = re.compile(rb"([0-9]+)(Z|[+-][0-9]{4})")
_YEAR_DIGITS = {(UTC_TIME, 10): 2, (UTC_TIME, 12): 2, (TIME, 14): 4}
"""How many digits are the year's, by tag and number of all digits; the others are two for each part."""
_CENTURY = 2000
"""Any that is one of four: the same days exist in both that two digits may mean."""


class DerError(Exception):
    """Go cannot parse it; the message is one word or a few about what it could not."""


def context(number: int, *, constructed: bool = False) -> int:
    """Return the tag of a context-specific element."""
    return _LONG | number | (0x20 if constructed else 0)


class Reader:
    """Reads elements one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0  # rather than a shorter content, which would take quadratic time

    @property
    def left(self) -> bool:
        """Whether there is more to read."""
        return self._place < len(self._content)

    def tag(self) -> int:
        """Return the next element's tag; -1 at the end."""
        return self._content[self._place] if self.left else -1

    def element(self, tag: int | None = None) -> bytes:
        """Read one element whole; raise DerError if it is not well formed, or has another tag than is wanted."""
        start = self._place
        _, self._place = self._extent(tag)
        return self._content[start : self._place]

    def read(self, tag: int | None = None) -> bytes:
        """Read one element's content, as `element` does."""
        begin, self._place = self._extent(tag)
        return self._content[begin : self._place]

    def enter(self, tag: int = SEQUENCE) -> "Reader":
        """Read one element's content to be read further."""
        return Reader(self.read(tag))

    def optional(self, tag: int) -> bytes | None:
        """Read an element's content if the next has this tag."""
        return self.read(tag) if self.tag() == tag else None

    def integer(self, tag: int = INTEGER) -> int:
        """Read a whole number in as few octets as it takes."""
        content = self.read(tag)
        is_padded = len(content) > 1 and (content[0], content[1] >= _LONG) in ((0, False), (0xFF, True))
        if not content or is_padded:
            raise DerError("number")
        return int.from_bytes(content, signed=True)

    def boolean(self) -> bool:
        """Read yes or no."""
        content = self.read(BOOLEAN)
        if content not in (b"\x00", b"\xff"):
            raise DerError("boolean")
        return content == b"\xff"

    def bits(self) -> bytes:
        """Read a string of bits, aligned to the right."""
        content = self.read(BITS)
        padding, value = content[:1], content[1:]
        if not padding or padding[0] > _PADDING or (not value and padding[0]):
            raise DerError("bits")
        if value and value[-1] & ((1 << padding[0]) - 1):
            raise DerError("bits")
        return (int.from_bytes(value) >> padding[0]).to_bytes(len(value)) if padding[0] else value

    def object(self) -> str:
        """Read an object identifier, dotted."""
        return dotted(self.read(OBJECT))

    def explicit(self, tag: int, inner: int) -> bool:
        """Step into the next element if it has this tag and holds an element of another (as encoding/asn1 does).

        The length of the outer one is not compared with what is in it.
        """
        if self.tag() != tag:
            return False
        begin, _ = self._header(tag)
        if self._content[begin : begin + 1] != bytes([inner]):
            return False
        self._place = begin
        return True

    def _extent(self, tag: int | None) -> tuple[int, int]:
        """Return where the next element's content begins and ends."""
        begin, length = self._header(tag)
        if begin + length > len(self._content):
            raise DerError("structure")
        return begin, begin + length

    def _header(self, tag: int | None) -> tuple[int, int]:
        """Return where the next element's content begins, and how long it says that it is."""
        start = self._place
        head = self._content[start : start + 2]
        if len(head) < 2 or head[0] & _HIGH_TAG == _HIGH_TAG or (tag is not None and head[0] != tag):  # noqa: PLR2004
            raise DerError("structure")
        begin, length = start + 2, head[1]
        if length >= _LONG:
            octets = length - _LONG
            begin, length = begin + octets, int.from_bytes(self._content[begin : begin + octets])
            shortest = max(1, (length.bit_length() + 7) // 8)
            if not 0 < octets <= _MOST_LENGTH_OCTETS or length < _LONG or shortest != octets:
                raise DerError("structure")
        return begin, length


def dotted(content: bytes) -> str:
    """Spell the content of an object identifier; raise DerError as Go does, for arcs of more than 31 bits, too."""
    arcs, value, octets = [], 0, 0
    for octet in content:
        if (octets == 0 and octet == _LONG) or octets == _MOST_ARC_OCTETS or value >= _MOST_ARC >> 7:
            raise DerError("identifier")
        value, octets = value << 7 | octet & (_LONG - 1), octets + 1
        if octet < _LONG:
            arcs.append(value)
            value, octets = 0, 0
    if not arcs or octets:
        raise DerError("identifier")
    first = min(arcs[0] // _ARCS_OF_FIRST, 2)
    return ".".join(map(str, [first, arcs[0] - _ARCS_OF_FIRST * first, *arcs[1:]]))


def is_time(tag: int, content: bytes) -> bool:
    """Tell whether Go can read a time: UTCTime with or without seconds, or GeneralizedTime; the day must exist."""
    found = _ZONED.fullmatch(content)
    if not found or found[2] in (b"+0000", b"-0000"):  # Go writes these as Z, and compares
        return False
    digits = found[1].decode()
    width = _YEAR_DIGITS.get((tag, len(digits)))
    if width is None:
        return False
    year = int(digits[:width])
    if tag == UTC_TIME or not year:  # the year 0 Go has, and Python has not
        year += _CENTURY
    month, day, hour, minute, *second = (int(digits[at : at + 2]) for at in range(width, len(digits), 2))
    try:
        datetime(year, month, day, hour, minute, second[0] if second else 0, tzinfo=UTC)
    except ValueError:
        return False
    return True
