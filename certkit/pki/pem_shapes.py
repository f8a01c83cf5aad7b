"""Why Go finds nothing in a file that looks like PEM: the shape by its name, and the line where it shows.

A shape is recognized by mending: what is wrong is the first shape without which the file loads. Each has a code, for
which whoever talks to people knows the command that does the same.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from certkit.errors import MalformedError
from certkit.pki import go_certificate, go_keys
from certkit.pki.go_keys import UnknownKindError
from certkit.pki.go_pem import Block, line_of

Loads = Callable[[bytes], bool]

_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BEGIN = rb"-----BEGIN ([^-\n]*)-----"
_BASE64_LINE = rb"[A-Za-z0-9+/= \t\r]*"
_OTHER_LABELS = rb"-----(BEGIN|END) (?:TRUSTED|X509) CERTIFICATE-----"
_DER = b"\x30"
_MOST_BLOCKS = 1000
"""With so many blocks that Go reads, it is no shape that keeps it from them, and each mending takes its time."""
_MOST_KINDS = 5
_SAYS = "Earthly finds no PEM in it"


class Shape(NamedTuple):
    """One way of being no PEM to Go."""

    code: str
    said: str
    """What is wrong; `{line}` is where."""
    shows: bytes
    """The pattern of it, compiled when something is wrong."""
    mend: Callable[[bytes], bytes]

    def error(self, content: bytes) -> MalformedError:
        """Return the error that says so."""
        found = re.search(self.shows, content)
        line = line_of(content, found.start()) if found else 1
        return MalformedError(self.said.format(line=line), code=self.code, line=line)


def _without_escapes(content: bytes) -> bytes:
    return re.sub(rb"[\"']", b"", content).replace(rb"\r", b"").replace(rb"\n", b"\n")


def _broken_into_lines(content: bytes) -> bytes:
    begun = re.sub(rb"(-----BEGIN [A-Z0-9 ]*-----)", rb"\1\n", content)
    return re.sub(rb"(-----END [A-Z0-9 ]*-----)", rb"\n\1\n", begun)


def _without_text_around(content: bytes) -> bytes:
    return re.sub(rb"(?m)(-----END [A-Z0-9 ]*-----).*$", rb"\1", re.sub(rb"(?m)^.*(-----BEGIN )", rb"\1", content))


SHAPES = (
    Shape(
        "pem-byte-order-mark",
        "line {line} begins with a byte order mark, which Windows editors write: to Earthly the line is none of PEM's",
        _MARK,
        lambda content: content.translate(None, _MARK),
    ),
    Shape(
        "pem-indented",
        "line {line} is indented or quoted, as in YAML: to Earthly a block begins and ends at the beginning of a line",
        rb"(?m)^[ \t#>]+-----(?:BEGIN|END) ",
        lambda content: re.sub(rb"(?m)^[ \t#>]+", b"", content),
    ),
    Shape(
        "pem-joined",
        "line {line} ends one block and begins the next: Earthly reads neither",
        rb"----------BEGIN ",
        lambda content: content.replace(b"----------", b"-----\n-----"),
    ),
    Shape(
        "pem-carriage-returns",
        "line {line} has a carriage return that ends no line",
        rb"\r(?!\n)",
        lambda content: content.replace(b"\r", b"\n"),
    ),
    Shape(
        "pem-escaped",
        "line {line} has \\n where a line should end, as in a variable or in JSON",
        rb"\\n",
        _without_escapes,
    ),
    Shape(
        "pem-text-around",
        "line {line} has text beside -----BEGIN or -----END: for Earthly they must stand alone",
        rb"(?m)^.+-----BEGIN |-----END [A-Z0-9 ]*-----[ \t]*[^ \t\r\n]",
        _without_text_around,
    ),
    Shape(
        "pem-one-line",
        "line {line} holds a whole block: BEGIN and END need lines of their own",
        rb"-----BEGIN [A-Z0-9 ]*-----[ \t]*[A-Za-z0-9+/]|[A-Za-z0-9+/=][ \t]*-----END ",
        _broken_into_lines,
    ),
    Shape(
        "pem-headers",
        "line {line} is a header: Earthly takes no authority from a block that has one",
        rb"(?m)(?<=-----\n)[^\n]*:[^\n]*$",
        lambda content: re.sub(rb"(?m)^.*:.*\n?", b"", content),
    ),
    Shape(
        "pem-other-label",
        "line {line} gives the certificate another name than CERTIFICATE, and Earthly passes over it",
        _OTHER_LABELS,
        lambda content: re.sub(_OTHER_LABELS, rb"-----\1 CERTIFICATE-----", content),
    ),
)


def unusable_certificates(content: bytes, found: Sequence[Block], loads: Loads) -> MalformedError:
    """Say why Go finds no certificate among the blocks that it `found`; `loads` tells whether it would if mended."""
    if (error := _encoded(content)) or (error := _mendable(content, found, loads)):
        return error
    for block in found:
        if block.kind == "CERTIFICATE" and (reason := go_certificate.problem(block.der)):
            return unparsable_certificate(block.line, reason)
    if trusted := next((block.line for block in found if block.kind == "TRUSTED CERTIFICATE"), 0):
        return MalformedError(
            f"line {trusted} begins a certificate in OpenSSL's own form, which Earthly passes over",
            code="pem-trusted-certificate",
            line=trusted,
        )
    return _other(content, found, "certificate")


def unparsable_certificate(line: int, reason: str) -> MalformedError:
    """Say that a block is a certificate by its name, and none that Go can parse."""
    return MalformedError(
        f"the certificate in line {line} cannot be parsed: {reason}",
        code="certificate-unusable",
        line=line,
        reason=reason,
    )


def unusable_key(content: bytes, found: Sequence[Block], loads: Loads) -> MalformedError:
    """Say why Go finds no private key among the blocks that it `found`; `loads` tells whether it would if mended."""
    return _encoded(content) or _mendable(content, found, loads) or _other(content, found, "private key")


def undecodable_key(block: Block) -> MalformedError:
    """Say that a block is called a private key, and is none that Go can read."""
    if block.kind == "OPENSSH PRIVATE KEY":
        return MalformedError(
            f"the key in line {block.line} is in OpenSSH's form", code="key-of-openssh", line=block.line
        )
    return MalformedError(
        f"the private key in line {block.line} cannot be parsed", code="private-key-malformed", line=block.line
    )


def _encoded(content: bytes) -> MalformedError | None:
    """Say which encoding it is that is no text at all."""
    if not content.strip():
        return MalformedError("it is empty", code="pem-empty")
    if content.startswith(_UTF_16):
        return MalformedError("it is in UTF-16, as Windows writes it", code="pem-utf-16")
    if not content.startswith(_DER):
        return None
    if not go_certificate.problem(content):
        return MalformedError("it is a certificate in DER form, not PEM", code="pem-der-certificate")
    if _is_key(content):
        return MalformedError("it is a private key in DER form, not PEM", code="pem-der-key")
    return None


def _is_key(der: bytes) -> bool:
    try:
        go_keys.load(der)
    except UnknownKindError:
        return True
    except MalformedError:
        return False
    return True


def _mendable(content: bytes, found: Sequence[Block], loads: Loads) -> MalformedError | None:
    if len(found) > _MOST_BLOCKS:
        return None
    shown = [shape for shape in SHAPES if re.search(shape.shows, content)]
    for shape in shown:
        if loads(shape.mend(content)):
            return shape.error(content)
    return None


def _other(content: bytes, found: Sequence[Block], wanted: str) -> MalformedError:
    """Say what there is instead, or where the first block breaks off."""
    others = [block for block in found if wanted.upper() not in block.kind]
    if others:
        kinds = ", ".join(list(dict.fromkeys(block.kind for block in others))[:_MOST_KINDS])
        return MalformedError(
            f"there is no {wanted} in it, but {kinds}", code="pem-of-another-kind", line=others[0].line, kinds=kinds
        )
    begun = re.search(_BEGIN, content)
    if not begun:
        return MalformedError(f"there is no -----BEGIN in it: {_SAYS}", code="pem-missing")
    return _broken(content, begun)


def _broken(content: bytes, begun: re.Match[bytes]) -> MalformedError:
    line, label = line_of(content, begun.start()), begun[1].decode("ascii", "replace")
    end = content.find(b"-----END ", begun.end())
    if end < 0:
        return MalformedError(
            f"the block that begins in line {line} has no end: the file is not whole", code="pem-cut-off", line=line
        )
    if not content.startswith(begun[1] + b"-----", end + len(b"-----END ")):
        return MalformedError(
            f"the block that begins in line {line} as {label} does not end as that",
            code="pem-ends-otherwise",
            line=line_of(content, end),
        )
    place = begun.end()
    for number, text in enumerate(content[place:end].split(b"\n"), line):
        if not re.fullmatch(_BASE64_LINE, text):
            return MalformedError(f"line {number} is not base64", code="pem-damaged", line=number)
    return MalformedError(
        f"the block that begins in line {line} is damaged: its base64 is not whole", code="pem-damaged", line=line
    )
