"""Hand the decrypted stream of a TLS connection to grpcio over a Unix socket: grpcio's own TLS insists on ALPN."""

import contextlib
import select
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from OpenSSL import SSL

from certkit.probe import background
from certkit.probe.handshake import Handshake
from certkit.probe.transport import PREFACE, Connection, ConnectionClosedError

_CHUNK = 16 * 1024


@contextlib.contextmanager
def relayed(handshake: Handshake, timeout: float) -> Iterator[str]:
    """Return the address that grpcio takes for the daemon of a served handshake; all ends with the block.

    The socket lies in a folder that only this user can enter, and takes one connection: nobody else on this
    machine gets to the daemon through it.
    """
    connection = handshake.connection
    if connection is None:
        raise ConnectionClosedError
    connection.deadline = time.monotonic() + timeout
    folder = Path(tempfile.mkdtemp(prefix="certkit-"))
    with contextlib.ExitStack() as stack:
        stack.callback(connection.close)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(folder / "s"))
        listener.listen(1)
        listener.settimeout(timeout)
        background.start(lambda: _serve(listener, handshake, connection))
        yield f"unix:{folder / 's'}"


def _serve(listener: socket.socket, handshake: Handshake, connection: Connection) -> None:
    peer, _ = listener.accept()
    with peer, contextlib.suppress(OSError, ValueError, ConnectionClosedError, SSL.Error):
        peer.settimeout(connection.deadline - time.monotonic())
        own = connection.fileno()
        readers: list[int | socket.socket] = [own, peer]
        peer.sendall(handshake.first)
        if handshake.prefaced:
            _drop(peer, len(PREFACE))
        _pass_on(connection, peer)
        while ready := select.select(readers, [], [], connection.deadline - time.monotonic())[0]:
            if own in ready:
                _from_daemon(connection, peer)
            if peer in ready:
                _to_daemon(connection, peer)


def _from_daemon(connection: Connection, peer: socket.socket) -> None:
    connection.fill()
    _pass_on(connection, peer)


def _pass_on(connection: Connection, peer: socket.socket) -> None:
    while content := connection.take():
        peer.sendall(content)


def _to_daemon(connection: Connection, peer: socket.socket) -> None:
    content = peer.recv(_CHUNK)
    if not content:
        raise ConnectionClosedError
    connection.send(content)


def _drop(peer: socket.socket, count: int) -> None:
    while count:
        count -= len(peer.recv(count))
