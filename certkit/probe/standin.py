"""A stand-in for buildkitd: the same questions answered over the same mutual TLS, and nothing built.

It takes buildkitd's own flags, so that it is run in buildkitd's place where there is none:

    python -m certkit.probe.standin --addr tcp://HOST:PORT --tlscert F --tlskey F --tlscacert F

Like Earthly's daemons it negotiates no ALPN, names the authorities that it accepts, and refuses by an alert. grpcio's
own TLS does none of these, so OpenSSL makes the connection, and grpcio answers behind it on a Unix socket.
"""

import argparse
import contextlib
import platform
import select
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from OpenSSL import SSL

from certkit.earthly import address
from certkit.probe.buildkit import METHODS
from certkit.probe.control_pb2 import (
    BuildkitVersion,
    HealthCheckResponse,
    InfoResponse,
    ListWorkersResponse,
    Platform,
    WorkerRecord,
)

_CHUNK = 16 * 1024
_VERSION = BuildkitVersion(package="certkit", version="stand-in")
_PLATFORM = Platform(os="linux", architecture={"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), ""))
_WORKER = WorkerRecord(platforms=[_PLATFORM], buildkit_version=_VERSION)
_ANSWERS = {
    METHODS["health"]: HealthCheckResponse(status=HealthCheckResponse.SERVING),
    METHODS["info"]: InfoResponse(buildkit_version=_VERSION),
    METHODS["workers"]: ListWorkersResponse(record=[_WORKER]),
}


class _Control(grpc.GenericRpcHandler):
    """Answers every question; what a message says is not looked at."""

    def service(self, call: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        answer = _ANSWERS.get(call.method)
        if answer is None:
            return None
        content = answer.SerializeToString()
        return grpc.unary_unary_rpc_method_handler(lambda _message, _context: content)


def tls(cert: Path, key: Path, ca: Path | None) -> SSL.Context:
    """Ask for certificates of the authorities in `ca`; without it let everybody in, as buildkitd does."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(cert)
    context.use_privatekey_file(key)
    if ca:
        context.load_verify_locations(ca)
        context.load_client_ca(bytes(ca))
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return context


def serve(listener: socket.socket, context: SSL.Context) -> None:
    """Answer whoever may connect; it ends by an exception only."""
    server = grpc.server(ThreadPoolExecutor(4), handlers=[_Control()])
    with tempfile.TemporaryDirectory(prefix="certkit-") as folder:
        behind = f"{folder}/grpc"
        server.add_insecure_port(f"unix:{behind}")
        server.start()
        while True:
            caller, _ = listener.accept()
            threading.Thread(target=_answer, args=(caller, context, behind), daemon=True).start()


def _answer(caller: socket.socket, context: SSL.Context, behind: str) -> None:
    with caller, socket.socket(socket.AF_UNIX) as inner, contextlib.suppress(OSError, SSL.Error):
        connection = SSL.Connection(context, caller)
        connection.set_accept_state()
        connection.do_handshake()
        inner.connect(behind)
        _relay(connection, caller, inner)


def _relay(connection: SSL.Connection, caller: socket.socket, inner: socket.socket) -> None:
    while True:
        ready = [caller] if connection.pending() else select.select([caller, inner], [], [])[0]
        if caller in ready:
            inner.sendall(connection.recv(_CHUNK))
        if inner in ready:
            content = inner.recv(_CHUNK)
            if not content:
                return
            connection.sendall(content)


def main(arguments: Sequence[str]) -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(
        prog="certkit.probe.standin", description="A stand-in for buildkitd that builds nothing."
    )
    parser.add_argument("--addr", required=True, type=address.parse)
    parser.add_argument("--tlscert", required=True, type=Path)
    parser.add_argument("--tlskey", required=True, type=Path)
    parser.add_argument("--tlscacert", type=Path)
    given = parser.parse_args(arguments)
    context = tls(given.tlscert, given.tlskey, given.tlscacert)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
    host, port = given.addr.host, given.addr.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, dualstack_ipv6=family == socket.AF_INET6) as listener:
        print(f"running server on {host}:{port}", flush=True)  # noqa: T201  buildkitd's own words
        serve(listener, context)


if __name__ == "__main__":
    main(sys.argv[1:])
