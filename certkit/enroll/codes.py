"""A code: the one line to enroll with over the network, `https://HOST:PORT/#…`. Pure.

The fragment, which no browser sends, is base32: a version, the SHA-256 of the server authority's public key (the pin),
the secret, and a check over all that, the address included. So whoever mistypes a code is told so before anything is
sent, and the first contact is as safe as any later one. Base32 survives chats, which read `_` and `*` as markup, and
being read to somebody on the phone.
"""

import base64
import hashlib
import os
import re
from typing import NamedTuple

from certkit.errors import InvalidError, MalformedError
from certkit.pki import names

_SCHEME = "https://"
_VERSION, _HOST_VERSION = 1, 2
"""Of a code for a person, and of one for a daemon's host."""
_PIN, _SECRET, _CHECK = 32, 18, 4
_LENGTH = (1 + _PIN + _SECRET + _CHECK) * 8 // 5
"""Characters of a fragment: the number of bytes is a multiple of five, so that base32 needs no padding."""
_LIMIT = 1000
"""Characters of what is looked at."""
_AROUND = "<>\"'`\u201c\u201d\u2018\u2019"
"""What chats and people put around a line."""
_MARK = "(?:#|%23)"
"""The mark before the fragment, which some chats escape."""
_WHOLE = re.compile(rf"(?i:https)://[^\s/#<>\"']{{1,300}}/?{_MARK}[A-Za-z2-7]{{{_LENGTH}}}(?![A-Za-z2-7])", re.ASCII)
_COMMAND = re.compile(rf"(?i)[\w$<>\"'`:=.,-]{{0,60}}?(?=https?://[^#]{{1,300}}{_MARK})", re.ASCII)
"""What people copy along: the command, a greeting."""
_WITHOUT_SCHEME = re.compile(rf"(?i)[\w.:\[\]-]{{1,300}}/{_MARK}[a-z2-7]{{40,}}", re.ASCII)
_ADDRESS = re.compile(r"(?i:https)://(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:@/?#]+)(?::(?P<port>[0-9]{1,5}))?/?", re.ASCII)
_HIGHEST_PORT = 65535
_HTTPS = 443


class Server(NamedTuple):
    """Where a team's server answers."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Its address, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_SCHEME}{host}:{self.port}"


class Code(NamedTuple):
    """What a code says: whom to ask, by which key that server is known, and what to show there."""

    server: Server
    pin: bytes
    secret: bytes
    is_for_host: bool = False
    """Whether it is for the host of a daemon, and for no laptop."""

    def __repr__(self) -> str:
        return f"Code({self.server!r})"  # and not what lets its holder in

    @property
    def text(self) -> str:
        """The one line."""
        return f"{self.server.url}/#{_encoded(_payload(self))}"

    @property
    def password(self) -> str:
        """The secret as it travels over HTTP."""
        return _encoded(self.secret)


def new_secret() -> bytes:
    """Make up the secret of a code."""
    return os.urandom(_SECRET)


def secret_in(password: str) -> bytes | None:
    """Return the secret that came as a password; None for what cannot be one."""
    try:
        secret = base64.b32decode(_padded(password.strip().upper()))
    except ValueError:
        return None
    return secret if len(secret) == _SECRET else None


def digest(secret: bytes) -> str:
    """Return what a ledger knows of a secret: it has too many bits to be found from this."""
    return hashlib.sha256(b"certkit code secret\n" + secret).hexdigest()


def parse_server(text: str) -> Server:
    """Read the address of a server: `https://HOST[:PORT]`; raise InvalidError for anything else."""
    found = _ADDRESS.fullmatch(text) if len(text) <= _LIMIT else None
    if found is None:
        raise InvalidError(
            f"{text!r} is not the address of a server", "Write https://HOST:PORT.", code="server-url", url=text
        )
    port = int(found["port"] or _HTTPS)
    if not 0 < port <= _HIGHEST_PORT:
        raise InvalidError(f"{port} is not a port", "Write 1 to 65535.", code="server-url", url=text)
    return Server(str(names.parse_host(found["host"]).value), port)


def is_code(text: str) -> bool:
    """Tell whether a text is meant as a code, however damaged."""
    return _cleaned(text[:_LIMIT]).lower().startswith((_SCHEME, "http://"))


def parse(text: str) -> Code:
    """Read a code; blanks, breaks, the letters' case and what stands around it make no difference.

    Raises MalformedError for one that is damaged: cut off, or with a character that is another.
    """
    line = _cleaned(text[:_LIMIT])
    address, _, fragment = line.partition("#")
    if not line.lower().startswith(_SCHEME):
        raise MalformedError("that is not a code", code="not-a-code")
    if len(fragment) != _LENGTH:
        raise MalformedError(
            f"the code is incomplete, or something was added: {len(fragment)} characters follow its #, not {_LENGTH}",
            code="code-incomplete",
        )
    try:
        payload = base64.b32decode(fragment.upper())
        server = parse_server(_SCHEME + address[len(_SCHEME) :])
    except (ValueError, InvalidError):
        raise _mistyped() from None
    is_for_host = payload[0] == _HOST_VERSION
    found = Code(server, payload[1 : 1 + _PIN], payload[1 + _PIN : -_CHECK], is_for_host)
    if payload[0] not in {_VERSION, _HOST_VERSION} and payload[-_CHECK:] == _check(server, payload[:-_CHECK]):
        raise MalformedError("the code is of a later certkit", "Install the newest certkit.", code="code-of-later")
    if payload != _payload(found):
        raise _mistyped()
    return found


def _payload(code: Code) -> bytes:
    content = bytes([_HOST_VERSION if code.is_for_host else _VERSION]) + code.pin + code.secret
    return content + _check(code.server, content)


def _check(server: Server, content: bytes) -> bytes:
    return hashlib.sha256(b"certkit code\n" + server.url.encode() + b"\n" + content).digest()[:_CHECK]


def _encoded(content: bytes) -> str:
    return base64.b32encode(content).decode().lower().rstrip("=")


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 8)


def _cleaned(text: str) -> str:
    """Return the code in a text: a whole one wherever it is, else the text without what cannot be a part of one."""
    if found := _WHOLE.search(text):
        line = found[0]
    else:
        line = "".join(names.without_unseen(text).split()).strip(_AROUND)
        if found := _COMMAND.match(line):
            line = line[found.end() :]
        elif _WITHOUT_SCHEME.fullmatch(line):
            line = _SCHEME + line
    return line.replace("%23", "#", 1)


def _mistyped() -> MalformedError:
    return MalformedError("the code is mistyped: at least one of its characters is another", code="code-mistyped")
