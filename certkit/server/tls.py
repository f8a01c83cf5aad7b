"""TLS as the server speaks it: its own certificate, and everybody's who shows one that the client authority signed.

Whether a client's certificate is good, the ledger decides: what has expired is told so in words, not by an alert.
"""

import asyncio
import ssl
from asyncio import sslproto
from collections.abc import Sequence
from typing import Any

from cryptography.x509 import Certificate

from certkit.authority.server_identity import Identity
from certkit.pki import certificates

_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which `ssl` does not name."""
_FAILING = "_fatal_error"
"""What asyncio's TLS calls when a handshake fails; there is no public way."""
_BUFFER = 16 * 1024
"""Bytes: a record of TLS, and more than any request but the largest has."""
_LINGER = 1.0
"""Seconds for the alert to arrive: to close at once could reset the connection before it is read."""


def context() -> ssl.SSLContext:
    """Make the settings of all connections; they serve nobody before `load`."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_mode = ssl.CERT_OPTIONAL
    made.verify_flags |= _NO_CHECK_TIME
    made.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    made.num_tickets = 0
    made.set_alpn_protocols(["http/1.1"])
    return made


def load(settings: ssl.SSLContext, identity: Identity, clients: Sequence[Certificate]) -> None:
    """Take over a certificate and the clients' authorities, for every connection from now on."""
    settings.load_cert_chain(identity.chain, identity.key)
    for authority in clients:
        settings.load_verify_locations(cadata=certificates.to_der(authority))


def read_little() -> None:
    """Have every connection read into a small buffer: asyncio's own has 256 KiB, which is cleared for each anew."""
    sslproto.SSLProtocol.max_size = _BUFFER


def let_alerts_out() -> None:
    """Let whoever fails in the handshake be told the reason: asyncio would drop it with the connection.

    See https://github.com/python/cpython/issues/98078.
    """
    dropping = getattr(sslproto.SSLProtocol, _FAILING)

    def telling(self: Any, error: BaseException, message: str = "TLS failed") -> None:  # noqa: ANN401  it has no public type
        error.__traceback__ = None  # its frames hold the error, and all of the connection
        if self._waiter:
            self._waiter.cancel()  # so would the error that it passes on: https://github.com/python/cpython/issues/109534
        transport = self._transport
        if not isinstance(error, ssl.SSLError) or transport is None or transport.is_closing():
            dropping(self, error, message)
            return
        transport.write(self._outgoing.read())
        if transport.can_write_eof():
            transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER, transport.abort)

    if dropping.__module__ == sslproto.__name__:  # not done yet
        setattr(sslproto.SSLProtocol, _FAILING, telling)
