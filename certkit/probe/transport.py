"""TLS over memory buffers: read before write, every wait bounded, alerts by their number.

Earthly's daemons negotiate no ALPN, so grpcio cannot make the connection itself. With TLS 1.3 a finished
handshake says nothing about the client's certificate: only the first read does.
"""

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from OpenSSL import SSL, crypto

from certkit.pki import certificates
from certkit.probe import hostnames
from certkit.probe.credentials import Chain, Pair, is_readable

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What an HTTP/2 client says first (RFC 9113, section 3.4); an HTTP/1 server takes it for a request."""

MISNAMED = SSL.X509VerificationCodes.ERR_HOSTNAME_MISMATCH
"""Among OpenSSL's errors of verification: the certificate does not name the host."""

_CHUNK = 16 * 1024
_KEPT = 256
_FATAL = 2
"""The level of an alert that ends the connection (RFC 8446, section 6)."""


class ConnectionClosedError(Exception):
    """The server has ended the connection, with or without a word."""


@dataclass(frozen=True)
class Trust:
    """Whom the client believes: these authorities, at this time."""

    authorities: Chain
    now: datetime

    def install(self, context: SSL.Context) -> None:
        """Tell OpenSSL; like Go, it takes each authority for an anchor, self-signed or not."""
        store = context.get_cert_store()
        if store is None:
            raise SSL.Error("the context has no store")
        for authority in self.authorities:
            store.add_cert(crypto.X509.from_cryptography(authority))
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
        store.set_time(self.now)


@dataclass(frozen=True)
class Negotiated:
    """What the server has said in a handshake, however far it came."""

    version: str = ""
    """`TLSv1.3`; empty if none was agreed upon."""
    cipher: str = ""
    alpn: str = ""
    chain: Chain = ()
    """The server's certificates, its own first; empty if it sent none that can be read."""
    accepted: frozenset[bytes] = frozenset()
    """The client authorities that it accepts, as DER of their names; empty if it names none."""
    accepted_names: tuple[str, ...] = ()
    """The same for people (RFC 4514)."""


class Connection:
    """One TLS connection over a socket, whose every wait ends at the deadline (on `time.monotonic`)."""

    def __init__(
        self, sock: socket.socket, deadline: float, *, server_name: str, pair: Pair | None, trust: Trust | None
    ) -> None:
        self.alert: int | None = None
        """The number of the fatal alert that the server has sent (RFC 8446, section 6)."""
        self.verify_errors: set[tuple[int, int]] = set()
        """What is wrong with the server's chain: OpenSSL's X509_V_ERR and the depth, own certificate 0."""
        self.raw = b""
        """The first bytes that the server has sent, as they came."""
        self.deadline = deadline
        self._socket = sock
        self._server_name = server_name
        self._tls = SSL.Connection(self._context(pair, trust), None)
        self._tls.set_connect_state()
        if not _is_ip(server_name):
            self._tls.set_tlsext_host_name(server_name.encode("ascii"))

    def handshake(self) -> None:
        """Shake hands, and say nothing more once the server's chain turns out to be wrong.

        Raises ConnectionClosedError, TimeoutError, OSError, SSL.Error.
        """
        done = False
        while not done:
            try:
                self._tls.do_handshake()
                done = True
            except SSL.WantReadError:
                pass
            if self.verify_errors:
                return  # unsent: the client's certificate, which is none of this server's business
            self.flush()
            if not done:
                self.fill()

    def receive(self) -> bytes:
        """Wait for decrypted bytes; raises ConnectionClosedError, TimeoutError, OSError, SSL.Error."""
        while not (content := self.take()):
            self.flush()
            self.fill()
        return content

    def take(self) -> bytes:
        """Return the decrypted bytes that are at hand, if any; raises ConnectionClosedError, SSL.Error."""
        try:
            return self._tls.recv(_CHUNK)
        except SSL.WantReadError:
            return b""
        except SSL.ZeroReturnError:
            raise ConnectionClosedError from None

    def fill(self) -> None:
        """Wait for encrypted bytes; raises ConnectionClosedError, TimeoutError, OSError."""
        self._wait()
        content = self._socket.recv(_CHUNK)
        if not content:
            raise ConnectionClosedError
        self.raw = (self.raw + content)[:_KEPT] if len(self.raw) < _KEPT else self.raw
        self._tls.bio_write(content)

    def send(self, content: bytes) -> None:
        """Encrypt and send; raises OSError, SSL.Error."""
        self._tls.sendall(content)
        self.flush()

    def flush(self) -> None:
        """Send what TLS has to say. A broken pipe is not told here: what the server said before must be read."""
        try:
            while True:
                content = self._tls.bio_read(_CHUNK)
                self._wait()
                self._socket.sendall(content)
        except (SSL.WantReadError, BrokenPipeError, ConnectionResetError):
            return

    def fileno(self) -> int:
        """Give the socket's number, for select."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the connection, at once."""
        self._socket.close()

    def negotiated(self) -> Negotiated:
        """Tell what the server has said so far."""
        chain = [_readable(shown) for shown in self._tls.get_peer_cert_chain() or ()]
        issuers = self._accepted()
        agreed = self._tls.get_cipher_name() is not None
        return Negotiated(
            version=self._tls.get_protocol_version_name() if agreed else "",
            cipher=self._tls.get_cipher_name() or "",
            alpn=self._tls.get_alpn_proto_negotiated().decode("ascii", "replace"),
            chain=tuple(shown for shown in chain if shown) if all(chain) else (),
            accepted=frozenset(name.public_bytes() for name in issuers),
            accepted_names=tuple(map(certificates.words, issuers)),
        )

    def _accepted(self) -> Sequence[x509.Name]:
        try:
            return self._tls.get_client_ca_list(as_cryptography=True)
        except ValueError:  # a server may send anything for a name
            return ()

    def _wait(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def _context(self, pair: Pair | None, trust: Trust | None) -> SSL.Context:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(b"DEFAULT:@SECLEVEL=1")  # old keys that Go takes, OpenSSL must take too
        context.set_alpn_protos([b"h2"])
        context.set_info_callback(self._note_alert)
        if trust:
            trust.install(context)
            context.set_verify(SSL.VERIFY_PEER, self._note_verification)
        if pair:
            context.use_certificate(pair.chain[0])
            context.use_privatekey(pair.key)
            for certificate in pair.chain[1:]:
                context.add_extra_chain_cert(certificate)
        return context

    def _note_alert(self, _: SSL.Connection, where: int, value: int) -> None:
        if where & SSL.SSL_CB_READ_ALERT == SSL.SSL_CB_READ_ALERT and value >> 8 == _FATAL:
            self.alert = value & 0xFF

    def _note_verification(self, _: SSL.Connection, shown: crypto.X509, error: int, depth: int, __: int) -> bool:
        if depth == 0 and not _covers(shown, self._server_name):
            self.verify_errors.add((MISNAMED, 0))
        if error:
            self.verify_errors.add((error, depth))
        return True  # so that all of them are seen; `handshake` stops


def _covers(shown: crypto.X509, host: str) -> bool:
    certificate = _readable(shown)
    return certificate is not None and hostnames.covers(certificate, host)


def _readable(shown: crypto.X509) -> x509.Certificate | None:
    """Give a certificate that can be read in full; OpenSSL takes some that cryptography does not."""
    try:
        certificate = shown.to_cryptography()
    except (ValueError, x509.InvalidVersion):
        return None
    return certificate if is_readable(certificate) else None


def _is_ip(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()
