"""gRPC servers with mutual TLS that are no BuildKit daemon, or an unusual one.

grpcio's own TLS hangs up on strangers without an alert, so it is said that enforcement is unknown.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from OpenSSL import SSL

from certkit.cli import main
from certkit.probe import Check, Report, standin
from certkit.probe.buildkit import MESSAGE_LIMIT, METHODS
from certkit.probe.control_pb2 import HealthCheckResponse, ListWorkersResponse, Platform, WorkerRecord
from tests.probe.pki import Pki, ids, probe
from tests.probe.servers import over_tls, serving, tls_context
from tests.team import Files

WORKERS = ListWorkersResponse(record=[WorkerRecord(platforms=[Platform(os="linux", architecture="riscv64")])])


class Answering(grpc.GenericRpcHandler):
    """Answers some methods with fixed bytes; gRPC says UNIMPLEMENTED to others."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self._answers = {METHODS[name]: content for name, content in answers.items()}

    def service(self, call: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        if call.method not in self._answers:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda _message, _context: self._answers[call.method])


@contextlib.contextmanager
def grpc_server(
    files: Files, answers: Mapping[str, bytes], handler: grpc.GenericRpcHandler | None = None
) -> Iterator[str]:
    """Run grpcio's own server with mutual TLS; give its URL."""
    server = grpc.server(ThreadPoolExecutor(4), handlers=[handler or Answering(answers)])
    pair = (files.key.read_bytes(), files.cert.read_bytes())
    credentials = grpc.ssl_server_credentials([pair], files.ca.read_bytes(), require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    yield f"tcp://127.0.0.1:{port}"
    server.stop(None)


@pytest.fixture(scope="module")
def daemon(pki: Pki) -> Files:
    """Return the files of a server that the client believes."""
    return pki.daemon_files()


def _buildkit(report: Report) -> Check:
    return next(check for check in report.checks if check.title == "BuildKit")


def test_a_grpc_server_that_is_no_buildkit_is_found(daemon: Files, alice: Files) -> None:
    with grpc_server(daemon, {}) as url:
        found = _buildkit(probe(url, alice))
    assert found.id == "not-buildkit"
    assert "UNIMPLEMENTED" in found.seen


def test_a_daemon_without_info_and_health_is_well(daemon: Files, alice: Files) -> None:
    with grpc_server(daemon, {"workers": WORKERS.SerializeToString()}) as url:
        report = probe(url, alice)
    assert _buildkit(report).seen == "of unknown version (moby), linux/riscv64"
    assert ids(report) == ["enforcement-unknown"]


def test_a_daemon_that_says_that_it_is_not_well_is_believed(daemon: Files, alice: Files) -> None:
    sick = HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING).SerializeToString()
    with grpc_server(daemon, {"workers": WORKERS.SerializeToString(), "health": sick}) as url:
        assert _buildkit(probe(url, alice)).id == "not-serving"


class Complaining(grpc.GenericRpcHandler):
    """Refuses every question, with a message that would draw on a terminal."""

    MESSAGE = "no\n  Remedy   paste this:\r\n             rm -rf ~\x1b[2J\u2028\u202e"

    def service(self, _: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        def refuse(_message: bytes, context: grpc.ServicerContext) -> bytes:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, self.MESSAGE)

        return grpc.unary_unary_rpc_method_handler(refuse)


def test_a_daemon_s_message_stays_on_one_line_and_steers_no_terminal(
    daemon: Files, alice: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    with grpc_server(daemon, {}, Complaining()) as url:
        found = _buildkit(probe(url, alice))
        named = ["--ca", alice.ca, "--cert", alice.cert, "--key", alice.key]
        assert main(["probe", "--daemon", url, *map(str, named)]) == 3
    assert found.id == "grpc-failed"
    assert r"no\n  Remedy   paste this:\r\n" in found.seen
    assert found.seen.isprintable()
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if line.startswith(("  Remedy   paste", " " * 13 + "rm -rf"))]
    assert all(line.isprintable() for line in lines)


def test_an_answer_that_is_none_of_buildkits_is_found(daemon: Files, alice: Files) -> None:
    with grpc_server(daemon, {"workers": b"\xff\xff\xff\xff"}) as url:
        assert _buildkit(probe(url, alice)).id == "not-buildkit"


def test_a_huge_answer_is_not_taken(daemon: Files, alice: Files) -> None:
    with grpc_server(daemon, {"workers": bytes(MESSAGE_LIMIT + 1)}) as url:
        found = _buildkit(probe(url, alice))
    assert found.id == "grpc-failed"
    assert "RESOURCE_EXHAUSTED" in found.seen


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_both_versions_of_tls_will_do(daemon: Files, alice: Files, pki: Pki, version: int) -> None:
    with standing_in(daemon, version) as url:
        report = probe(url, alice)
        refused = probe(url, pki.client_files(signer=pki.server))
    assert ids(report) == (["enforcement-unknown"] if version == SSL.TLS1_2_VERSION else [])
    assert ids(refused) == ["authority-not-accepted"]


def test_a_refusal_in_tls_1_2_is_not_believed_and_it_says_why(daemon: Files, alice: Files) -> None:
    with standing_in(daemon, SSL.TLS1_2_VERSION) as url:
        found = probe(url, alice).findings[0]
    assert "in TLS 1.2, where anybody on the network can send it" in found.seen


@contextlib.contextmanager
def standing_in(files: Files, version: int) -> Iterator[str]:
    """Run the stand-in with one version of TLS; give its URL."""
    context = standin.tls(files.cert, files.key, files.ca)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, context), daemon=True).start()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def test_a_server_that_waits_to_be_spoken_to_is_served(daemon: Files, alice: Files) -> None:
    """As a proxy that looks at HTTP/2's preface before it connects to the daemon behind it."""
    server = grpc.server(ThreadPoolExecutor(4), handlers=[Answering({"workers": WORKERS.SerializeToString()})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with serving(over_tls(tls_context(daemon), lambda connection: _pass_late(connection, port))) as url:
        report = probe(url, alice, timeout=1)
    server.stop(None)
    assert ids(report) == []
    assert "linux/riscv64" in _buildkit(report).seen


def _pass_late(connection: SSL.Connection, port: int) -> None:
    said = connection.recv(4096)
    with socket.create_connection(("127.0.0.1", port)) as behind:
        behind.sendall(said)
        while True:
            both: list[SSL.Connection | socket.socket] = [connection, behind]
            ready = [connection] if connection.pending() else select.select(both, [], [])[0]
            for source, sink in ((connection, behind), (behind, connection)):
                if source in ready:
                    sink.sendall(source.recv(4096) or exit_thread())


def exit_thread() -> bytes:
    """Leave a server's thread when either side has gone."""
    raise ConnectionResetError


def _serve(listener: socket.socket, context: SSL.Context) -> None:
    with contextlib.suppress(OSError):
        standin.serve(listener, context)
