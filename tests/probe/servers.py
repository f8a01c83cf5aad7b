"""Servers that are no BuildKit daemon, or a broken one: real sockets on this machine, one thread a caller."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from OpenSSL import SSL

from tests.team import Files

HTTP2_SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])

Answer = Callable[[socket.socket], None]


@contextlib.contextmanager
def serving(answer: Answer, host: str = "127.0.0.1") -> Iterator[str]:
    """Answer every caller with a function; give the URL."""
    with socket.create_server((host, 0)) as listener:
        threading.Thread(target=_accept, args=(listener, answer), daemon=True).start()
        try:
            yield f"tcp://{host}:{listener.getsockname()[1]}"
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, answer: Answer) -> None:
    with contextlib.suppress(OSError):
        while True:
            caller, _ = listener.accept()
            threading.Thread(target=_answer, args=(caller, answer), daemon=True).start()


def _answer(caller: socket.socket, answer: Answer) -> None:
    with caller, contextlib.suppress(OSError, SSL.Error):
        answer(caller)


def tls_context(files: Files, *, verify: Callable[..., bool] | None = None) -> SSL.Context:
    """Return a server's context that asks for a certificate; `verify` decides, else OpenSSL does."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(files.cert)
    context.use_privatekey_file(files.key)
    context.load_verify_locations(files.ca)
    context.load_client_ca(bytes(files.ca))
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verify)
    return context


def over_tls(context: SSL.Context, answer: Callable[[SSL.Connection], None]) -> Answer:
    """Shake hands, then answer."""

    def shake_hands(caller: socket.socket) -> None:
        connection = SSL.Connection(context, caller)
        connection.set_accept_state()
        connection.do_handshake()
        answer(connection)

    return shake_hands


def wait(caller: socket.socket | SSL.Connection) -> None:
    """Say nothing until the caller goes away."""
    while caller.recv(4096):
        pass
