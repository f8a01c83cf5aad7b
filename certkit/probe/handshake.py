"""Connect, shake hands, and hear the server's first words: what came of it, as data."""

import enum
import socket
import time
from dataclasses import dataclass, field, replace

from OpenSSL import SSL

from certkit.probe import network
from certkit.probe.credentials import Pair
from certkit.probe.elapsed import ms_since
from certkit.probe.network import Endpoint
from certkit.probe.transport import PREFACE, Connection, ConnectionClosedError, Negotiated, Trust

QUIET = 0.4
"""The part of the time that a server has to speak first before it is spoken to: BuildKit's daemons do at once."""

PLAIN_PATIENCE = 1.0
"""Seconds for an answer to a question in plaintext."""

_FRAME = 9


class Outcome(enum.Enum):
    """How far it went."""

    SERVED = "the server speaks HTTP/2 to this client"
    STRANGE = "the server speaks something else over TLS"
    REFUSED = "the server sent a fatal alert"
    UNVERIFIED = "the server's certificate is not to be believed"
    NOT_TLS = "the server does not speak TLS"
    SILENT = "the server says nothing, or not enough in time"
    CLOSED = "the server ended the connection without a word"
    FAILED = "TLS failed on this side"


@dataclass(frozen=True)
class Handshake:
    """What came of one handshake; `connection` is open if it was served."""

    outcome: Outcome
    ms: float
    negotiated: Negotiated = field(default_factory=Negotiated)
    alert: int | None = None
    verify_errors: frozenset[tuple[int, int]] = frozenset()
    first: bytes = b""
    """The server's first words: decrypted if there is TLS, else as they came."""
    connection: Connection | None = None
    prefaced: bool = False
    """Whether HTTP/2's preface has been sent already."""


@dataclass(frozen=True)
class Caller:
    """Who calls: by what name it calls the server, what it shows, whom it believes (None: anybody)."""

    server_name: str
    pair: Pair | None
    trust: Trust | None


def attempt_handshake(
    endpoint: Endpoint, caller: Caller, timeout: float, connected: socket.socket | None = None
) -> Handshake:
    """Shake hands over `connected`, or over a new connection; takes `timeout` seconds at most, and raises nothing."""
    started = time.monotonic()
    try:
        sock = connected or network.connect(endpoint, timeout)
    except OSError as error:
        return Handshake(Outcome.SILENT if isinstance(error, TimeoutError) else Outcome.CLOSED, ms_since(started))
    try:
        connection = Connection(
            sock, started + timeout, server_name=caller.server_name, pair=caller.pair, trust=caller.trust
        )
    except SSL.Error:
        sock.close()
        return Handshake(Outcome.FAILED, ms_since(started))
    handshake = replace(_converse(connection, timeout), ms=ms_since(started), negotiated=connection.negotiated())
    if handshake.connection is None:
        connection.close()
    return handshake


def ask_plainly(endpoint: Endpoint, timeout: float) -> bytes:
    """Say HTTP/2's preface in plaintext, and give the first words of the answer: empty if there is none."""
    try:
        with network.connect(endpoint, min(timeout, PLAIN_PATIENCE)) as sock:
            sock.sendall(PREFACE)
            return sock.recv(256)
    except OSError:
        return b""


def is_http2(first: bytes) -> bool:
    """Tell whether a server's first words are HTTP/2's: a SETTINGS frame (RFC 9113, sections 3.4 and 6.5)."""
    length, kind, stream = int.from_bytes(first[:3]), first[3:4], first[5:9]
    return kind == b"\x04" and stream == bytes(4) and length % 6 == 0


def is_http1(first: bytes) -> bool:
    """Tell whether a server's first words are HTTP/1's."""
    return first.startswith(b"HTTP/1") or first.lstrip()[:1] == b"<"


def _converse(connection: Connection, timeout: float) -> Handshake:
    try:
        connection.handshake()
        if connection.verify_errors:
            return Handshake(Outcome.UNVERIFIED, 0, verify_errors=frozenset(connection.verify_errors))
        first, prefaced = _hear(connection, timeout)
    except TimeoutError:
        return Handshake(Outcome.SILENT, 0, first=connection.raw)
    except (ConnectionClosedError, OSError, SSL.Error) as error:
        return _ended(connection, error)
    if not is_http2(first):
        return Handshake(Outcome.STRANGE, 0, first=first)
    return Handshake(Outcome.SERVED, 0, first=first, connection=connection, prefaced=prefaced)


def _hear(connection: Connection, timeout: float) -> tuple[bytes, bool]:
    """Read before writing; to a server that waits to be spoken to, speak late."""
    deadline = connection.deadline
    connection.deadline = min(deadline, time.monotonic() + timeout * QUIET)
    prefaced = False
    try:
        first = connection.receive()
    except TimeoutError:
        connection.deadline = deadline
        connection.send(PREFACE)
        prefaced, first = True, connection.receive()
    connection.deadline = deadline
    while len(first) < _FRAME:
        first += connection.receive()
    return first, prefaced


def _ended(connection: Connection, error: Exception) -> Handshake:
    if connection.alert is not None:
        return Handshake(Outcome.REFUSED, 0, alert=connection.alert)
    if connection.raw and not _is_tls(connection.raw):
        return Handshake(Outcome.NOT_TLS, 0, first=connection.raw)
    return Handshake(Outcome.FAILED if isinstance(error, SSL.Error) else Outcome.CLOSED, 0)


def _is_tls(raw: bytes) -> bool:
    """Tell whether bytes may begin a TLS record (RFC 8446, section 5.1)."""
    return raw[0] in range(20, 25) and raw[1:2] in (b"", b"\x03")
