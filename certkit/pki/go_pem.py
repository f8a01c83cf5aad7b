"""PEM as Go's encoding/pem reads it (Go 1.26), which is how every client and daemon here reads its files.

Go begins a block only at the beginning of a line and ends it only at the end of one. It passes over anything else
without a word, so what OpenSSL or `cryptography` reads may be nothing to it, and the other way round.
"""

import base64
import re
from collections.abc import Iterator
from typing import NamedTuple

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"\n-----END ", b"-----"
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


class Block(NamedTuple):
    """One block of a PEM file."""

    kind: str
    """What follows BEGIN, such as `CERTIFICATE`."""
    headers: tuple[str, ...]
    """The names before the colons of the lines between BEGIN and the content."""
    der: bytes
    line: int = 0
    """The number of the line that begins it, counted from 1."""


def blocks(content: bytes) -> Iterator[Block]:
    """Yield the blocks that repeated calls of Go's `pem.Decode` return, in order; takes time in proportion to size."""
    place = line = start = 0
    while found := _decode(content, place):
        begin, place, block = found
        line, start = line + content.count(b"\n", start, begin), begin
        yield block._replace(line=line + 1)


def line_of(content: bytes, place: int) -> int:
    """Return the number of the line that a place is in, counted from 1."""
    return content.count(b"\n", 0, place) + 1


def _decode(content: bytes, start: int) -> tuple[int, int, Block] | None:
    """Return where the next block begins, where to go on, and the block, whose line is not known yet.

    None if there is none. This is Go's `Decode`, with places for its slices.
    """
    while (end := content.find(_END, start)) >= 0:
        trailer = end + len(_END)
        # The last BEGIN before the first END: one without an end of its own is passed over.
        begin = content.rfind(_BEGIN, start, end)
        if begin < 0 or (begin > start and content[begin - 1 : begin] != b"\n"):
            start = trailer
            continue
        kind, place = _line(content, begin + len(_BEGIN))
        if not kind.endswith(_DASHES):
            start = max(trailer, place)
            continue
        kind = kind.removesuffix(_DASHES)
        headers, place = _headers(content, place)
        if place >= len(content) or trailer < place:
            return None
        der = _content(content, place, end, kind, is_headed=bool(headers))
        if der is not None:
            block = Block(_text(kind), tuple(map(_text, headers)), der)
            return begin, _line(content, end + len(_END) - 1)[1], block
        start = trailer
    return None


def _headers(content: bytes, place: int) -> tuple[list[bytes], int]:
    found = []
    while place < len(content):
        line, after = _line(content, place)
        name, colon, _ = line.partition(b":")
        if not colon:
            break
        found.append(name.strip())
        place = after
    return found, place


def _content(content: bytes, place: int, end: int, kind: bytes, *, is_headed: bool) -> bytes | None:
    """Decode what stands between two lines; None if the second does not end the first's block or it is damaged."""
    if is_headed and end < place:
        return None
    trailer = end + len(_END)
    closing = kind + _DASHES
    if not content.startswith(closing, trailer) or _line(content, trailer + len(closing))[0]:
        return None
    text = content[place:end].translate(None, b" \t\r\n")
    return base64.b64decode(text) if _BASE64.fullmatch(text) else None


def _line(content: bytes, place: int) -> tuple[bytes, int]:
    """Return a line without its end and the blanks before that, and where the next begins (Go's `getLine`)."""
    found = content.find(b"\n", place)
    if found < 0:
        return content[place:].rstrip(b" \t"), len(content)
    end = found - (found > place and content[found - 1 : found] == b"\r")
    return content[place:end].rstrip(b" \t"), found + 1


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
