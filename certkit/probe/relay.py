"""Hand the decrypted stream of a TLS connection to grpcio over a Unix socket: grpcio's own TLS insists on ALPN."""

import contextlib
import os
import select
import shutil
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Iterator

from OpenSSL import SSL

from certkit.errors import CertkitError
from certkit.probe import background
from certkit.probe.handshake import Handshake
from certkit.probe.transport import PREFACE, Connection, ConnectionClosedError

_CHUNK = 16 * 1024


@contextlib.contextmanager
def relayed(handshake: Handshake, timeout: float) -> Iterator[str]:
    """Return the address that grpcio takes for the daemon of a served handshake; all ends with the block.

    The socket lies in a folder that only this user can enter, and takes one connection: nobody else on this
    machine gets to the daemon through it. Raises CertkitError where there is no place for one.
    """
    connection = handshake.connection
    if connection is None:
        raise ConnectionClosedError
    connection.deadline = time.monotonic() + timeout
    with contextlib.ExitStack() as stack:
        stack.callback(connection.close)
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        address = _bind(listener, stack)
        listener.listen(1)
        listener.settimeout(timeout)
        background.start(lambda: _serve(listener, handshake, connection))
        yield address


def _bind(listener: socket.socket, stack: contextlib.ExitStack) -> str:
    """Bind a listener in a private folder, or on Linux, where no folder can be written, to a name of no folder's."""
    for place in _places():
        with contextlib.suppress(OSError):
            folder = tempfile.mkdtemp(prefix="certkit-", dir=place)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            path = f"{folder}/s"
            listener.bind(path)  # fails where the path is too long
            return f"unix:{path}"
    with contextlib.suppress(OSError):
        if sys.platform == "linux":
            name = f"certkit-{os.urandom(16).hex()}"
            listener.bind(f"\0{name}")
            return f"unix-abstract:{name}"
    raise CertkitError(
        "there is no place for a socket: no temporary folder can be written, or their paths are too long",
        "Set TMPDIR to a folder of your own with a short path.",
        code="no-place-for-socket",
    )


def _places() -> list[str]:
    named = [os.environ.get(name, "") for name in ("TMPDIR", "XDG_RUNTIME_DIR")]
    return [place for place in [*named, "/tmp", "/var/tmp", "/dev/shm"] if place.startswith("/")]  # noqa: S108  mkdtemp


def _is_stranger(peer: socket.socket) -> bool:
    """Tell whether another process has connected: anybody may, to a name of no folder's."""
    if not hasattr(socket, "SO_PEERCRED"):
        return False
    pid = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0]
    return bool(pid != os.getpid())


def _serve(listener: socket.socket, handshake: Handshake, connection: Connection) -> None:
    peer, _ = listener.accept()
    while _is_stranger(peer):
        peer.close()
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
