"""Connect, shake hands, and hear the server's first words: what came of it, as data."""

import socket
import time
from typing import NamedTuple

from OpenSSL import SSL
from OpenSSL.SSL import X509VerificationCodes as Code

from certkit.probe import network
from certkit.probe.elapsed import ms_since
from certkit.probe.network import Endpoint
from certkit.probe.observed import TLS_1_3, Exchange, Outcome
from certkit.probe.transport import PREFACE, Caller, Connection, ConnectionClosedError, Negotiated

QUIET = 0.4
"""The part of the time that a server has to speak first before it is spoken to: BuildKit's daemons do at once."""

PLAIN_PATIENCE = 1.0
"""Seconds for an answer to a question in plaintext."""

UNKNOWN_AUTHORITY = frozenset(
    {
        Code.ERR_UNABLE_TO_GET_ISSUER_CERT,
        Code.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        Code.ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
        Code.ERR_SELF_SIGNED_CERT_IN_CHAIN,
        Code.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
        Code.ERR_CERT_SIGNATURE_FAILURE,
        Code.ERR_CERT_UNTRUSTED,
    }
)
"""OpenSSL's errors of verification that say that no trusted authority has vouched for the server."""

_FRAME = 9


class Handshake(NamedTuple):
    """What came of one handshake; `connection` is open if it was served."""

    outcome: Outcome
    ms: float
    negotiated: Negotiated = Negotiated()
    is_finished: bool = False
    """Whether this side has finished: it has checked the server's signature and its Finished."""
    alert: int | None = None
    verify_errors: frozenset[tuple[int, int]] = frozenset()
    first: bytes = b""
    """The server's first words: decrypted if there is TLS, else as they came."""
    connection: Connection | None = None
    prefaced: bool = False
    """Whether HTTP/2's preface has been sent already."""
    without_tickets: bool = False
    """Whether it was served only in TLS 1.2 without tickets, after the server had hung up in TLS 1.3."""

    @property
    def is_of_known_authority(self) -> bool:
        """Whether nothing speaks against it that a trusted authority has vouched for the server, some time."""
        return not any(code in UNKNOWN_AUTHORITY for code, _ in self.verify_errors)

    @property
    def exchange(self) -> Exchange:
        """What came of it as data, without the connection."""
        return Exchange(
            outcome=self.outcome,
            alert=self.alert,
            version=self.negotiated.version,
            # Without a certificate nothing was verified, so there are no errors either.
            is_authenticated=self.is_finished and not self.verify_errors and bool(self.negotiated.chain_der),
            is_of_known_authority=self.is_of_known_authority,
            chain=self.negotiated.chain_der,
            authorities=self.negotiated.accepted,
            ms=self.ms,
            without_tickets=self.without_tickets,
        )


def perform(endpoint: Endpoint, caller: Caller, timeout: float, connected: socket.socket | None = None) -> Handshake:
    """Shake hands over `connected`, or over a new connection; raises nothing.

    Takes `timeout` seconds at most, and as long again if the server hangs up on a finished TLS 1.3 handshake: Go does
    so where its session ticket would be too large (see `Exchange.without_tickets`). OpenSSL cannot be told not to ask
    for a ticket in TLS 1.3, so it asks again in TLS 1.2, which can show that the caller is served and nothing else.
    """
    handshake = _perform(endpoint, caller, timeout, connected)
    hung_up = handshake.outcome is Outcome.CLOSED and handshake.is_finished and not handshake.verify_errors
    if caller.pair is None or not hung_up or handshake.negotiated.version != TLS_1_3:
        return handshake
    again = _perform(endpoint, caller._replace(without_tickets=True), timeout, None)
    return again._replace(without_tickets=True) if again.outcome is Outcome.SERVED else handshake


def ask_plainly(endpoint: Endpoint, timeout: float) -> bytes:
    """Say HTTP/2's preface in plaintext, and return the first words of the answer: empty if there is none."""
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


def _perform(endpoint: Endpoint, caller: Caller, timeout: float, connected: socket.socket | None) -> Handshake:
    started = time.monotonic()
    try:
        sock = connected or network.connect(endpoint, timeout)
    except OSError as error:
        return Handshake(Outcome.SILENT if isinstance(error, TimeoutError) else Outcome.CLOSED, ms_since(started))
    try:
        connection = Connection(sock, started + timeout, caller)
    except (SSL.Error, ValueError, TypeError):  # a pair that OpenSSL does not take
        sock.close()
        return Handshake(Outcome.FAILED, ms_since(started))
    handshake = _listen(connection, timeout)._replace(
        ms=ms_since(started),
        negotiated=connection.negotiated(),
        is_finished=connection.is_finished,
        verify_errors=frozenset(connection.verify_errors),
    )
    if handshake.connection is None:
        connection.close()
    return handshake


def _listen(connection: Connection, timeout: float) -> Handshake:
    try:
        connection.handshake()
        if not connection.is_finished:
            return Handshake(Outcome.UNVERIFIED, 0)
        first, prefaced = _hear(connection, timeout)
    except TimeoutError:
        return Handshake(Outcome.SILENT, 0, first=connection.raw)
    except (ConnectionClosedError, OSError, SSL.Error) as error:
        return _ended(connection, error)
    if not is_http2(first):
        return Handshake(Outcome.STRANGE, 0, first=first)
    return Handshake(Outcome.SERVED, 0, first=first, connection=connection, prefaced=prefaced)


def _hear(connection: Connection, timeout: float) -> tuple[bytes, bool]:
    """Read before writing; to a server that waits to be spoken to, speak late.

    What is written to a server that has refused already can turn its alert into a bare reset.
    """
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
