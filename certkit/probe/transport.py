"""TLS over memory buffers: read before write, every wait bounded, alerts by their number.

Earthly's daemons negotiate no ALPN, so grpcio cannot make the connection itself. With TLS 1.3 a finished
handshake says nothing about the client's certificate: only the first read does.
"""

import contextlib
import socket
import time
from datetime import datetime
from typing import NamedTuple

from OpenSSL import SSL, crypto

from certkit.probe import hostnames, weak_signatures
from certkit.probe.credentials import read_certificate, words_of
from certkit.probe.target import Chain, Pair

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What an HTTP/2 client says first (RFC 9113, section 3.4); an HTTP/1 server takes it for a request."""

MISNAMED = SSL.X509VerificationCodes.ERR_HOSTNAME_MISMATCH
"""Among OpenSSL's errors of verification: the certificate does not name the host."""

WEAKLY_SIGNED = 68
"""The same (X509_V_ERR_CA_MD_TOO_WEAK): a signature with SHA-1 or MD5, which Go refuses and OpenSSL may take."""

_CHUNK = 16 * 1024
_KEPT = 256
_FATAL = 2
"""The level of an alert that ends the connection (RFC 8446, section 6)."""


class ConnectionClosedError(Exception):
    """The server has ended the connection, with or without a word."""


class Trust(NamedTuple):
    """Whom the client believes: these authorities, at this time."""

    authorities: Chain
    now: datetime

    def install(self, context: SSL.Context) -> None:
        """Tell OpenSSL; like Go, it takes each authority for an anchor, self-signed or not."""
        store = context.get_cert_store()
        if store is None:
            raise SSL.Error("the context has no store")
        for authority in self.authorities:
            with contextlib.suppress(crypto.Error):  # OpenSSL cannot read all that Go can
                store.add_cert(crypto.X509.from_cryptography(authority))
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
        store.set_time(self.now)


class Negotiated(NamedTuple):
    """What the server has said in a handshake, however far it came."""

    version: str = ""
    """`TLSv1.3`; empty if none was agreed upon."""
    cipher: str = ""
    alpn: str = ""
    chain: Chain = ()
    """The server's certificates, its own first; empty if one of them cannot be read in full."""
    chain_der: tuple[bytes, ...] = ()
    """The same as they came, whether they can be read or not."""
    accepted: tuple[bytes, ...] = ()
    """The client authorities that it accepts: DER of their names, in its order, each as often as it names it."""

    @property
    def accepted_names(self) -> tuple[str, ...]:
        """The accepted authorities for people (RFC 4514), each once."""
        return tuple(dict.fromkeys(map(words_of, self.accepted)))


class Caller(NamedTuple):
    """Who calls: by what name it calls the server, what it shows, whom it believes."""

    server_name: str
    pair: Pair | None
    trust: Trust
    insists: bool = True
    """Whether it says nothing more to a server that is not to be believed; who shows nothing may go on."""
    without_tickets: bool = False
    """Whether it offers TLS 1.2 at most, without session tickets."""


class Connection:
    """One TLS connection over a socket, whose every wait ends at the deadline (on `time.monotonic`)."""

    def __init__(self, sock: socket.socket, deadline: float, caller: Caller) -> None:
        self.is_finished = False
        """Whether this side has finished the handshake: it has checked the server's signature and its Finished."""
        self.alert: int | None = None
        """The number of the fatal alert that the server has sent (RFC 8446, section 6)."""
        self.verify_errors: set[tuple[int, int]] = set()
        """What is wrong with the server's chain: OpenSSL's X509_V_ERR and the depth, own certificate 0."""
        self.raw = b""
        """The first bytes that the server has sent, as they came."""
        self.deadline = deadline
        self._socket = sock
        self._caller = caller
        self._tls = SSL.Connection(self._context(caller), None)
        self._tls.set_connect_state()
        if not _is_ip(caller.server_name):
            self._tls.set_tlsext_host_name(caller.server_name.encode("ascii"))

    def handshake(self) -> None:
        """Shake hands; a caller that insists says nothing more once the server's chain turns out to be wrong.

        Raises ConnectionClosedError, TimeoutError, OSError, SSL.Error.
        """
        done = False
        while not done:
            try:
                self._tls.do_handshake()
                done = True
            except SSL.WantReadError:
                pass
            if self.verify_errors and self._caller.insists:
                return  # unsent: the client's certificate, which is none of this server's business
            self.flush()
            if not done:
                self.fill()
        self.is_finished = True

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
        """Return the socket's number, for select."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the connection, at once."""
        self._socket.close()

    def negotiated(self) -> Negotiated:
        """Return what the server has said so far."""
        shown = tuple(map(_der, self._tls.get_peer_cert_chain() or ()))
        chain = [read_certificate(each) for each in shown]
        agreed = self._tls.get_cipher_name() is not None
        return Negotiated(
            version=self._tls.get_protocol_version_name() if agreed else "",
            cipher=self._tls.get_cipher_name() or "",
            alpn=self._tls.get_alpn_proto_negotiated().decode("ascii", "replace"),
            chain=tuple(each for each in chain if each) if all(chain) else (),
            chain_der=shown,
            accepted=tuple(name.der() for name in self._tls.get_client_ca_list()),
        )

    def _wait(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def _context(self, caller: Caller) -> SSL.Context:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        if caller.without_tickets:
            context.set_max_proto_version(SSL.TLS1_2_VERSION)
            context.set_options(SSL.OP_NO_TICKET)
        context.set_cipher_list(b"DEFAULT:@SECLEVEL=1")  # old keys that Go takes, OpenSSL must take too
        context.set_alpn_protos([b"h2"])
        context.set_info_callback(self._note_alert)
        caller.trust.install(context)
        context.set_verify(SSL.VERIFY_PEER, self._note_verification)
        if caller.pair:
            context.use_certificate(caller.pair.chain[0])
            context.use_privatekey(caller.pair.key)
            for certificate in caller.pair.chain[1:]:
                context.add_extra_chain_cert(certificate)
        return context

    def _note_alert(self, _: SSL.Connection, where: int, value: int) -> None:
        if where & SSL.SSL_CB_READ_ALERT == SSL.SSL_CB_READ_ALERT and value >> 8 == _FATAL:
            self.alert = value & 0xFF

    def _note_verification(self, _: SSL.Connection, shown: crypto.X509, error: int, depth: int, __: int) -> bool:
        if depth == 0 and not _covers(shown, self._caller.server_name):
            self.verify_errors.add((MISNAMED, 0))
        if error:
            self.verify_errors.add((error, depth))
        elif self._is_weak(shown):
            self.verify_errors.add((WEAKLY_SIGNED, depth))
        return True  # so that all of them are seen; `handshake` stops

    def _is_weak(self, shown: crypto.X509) -> bool:
        """Tell whether a certificate is believed for a signature that Go refuses; an anchor is for none."""
        certificate = read_certificate(_der(shown))
        return (
            certificate is not None
            and certificate not in self._caller.trust.authorities
            and bool(weak_signatures.among([certificate]))
        )


def _covers(shown: crypto.X509, host: str) -> bool:
    certificate = read_certificate(_der(shown))
    return certificate is not None and hostnames.covers(certificate, host)


def _der(certificate: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


def _is_ip(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()
