"""What the probe says of ports behind which no BuildKit daemon of a team is."""

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from OpenSSL import SSL

from certkit.pki import certificates
from tests import patience
from tests.probe.pki import Pki, ids, probe, stage
from tests.probe.servers import HTTP2_SETTINGS, over_tls, serving, tls_context, wait
from tests.team import Files


@pytest.fixture
def daemon(pki: Pki) -> Files:
    """Return the files of a server that the client believes."""
    return pki.daemon_files()


@pytest.fixture
def web() -> Iterator[str]:
    """Return the URL of Python's web server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"tcp://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_nobody_listening_is_found(alice: Files) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert ids(probe(f"tcp://127.0.0.1:{port}", alice)) == ["nobody-listening"]


def test_a_full_backlog_is_no_answer_and_takes_the_timeout(alice: Files) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        waiting = [_try_to_connect(place) for _ in range(4)]
        started = time.monotonic()
        with patience.ends():
            report = probe(f"tcp://127.0.0.1:{place[1]}", alice, timeout=0.5)
        took = time.monotonic() - started
        for caller in waiting:
            caller.close()
    assert ids(report) == ["no-answer"]
    assert took >= 0.5


def _try_to_connect(place: tuple[str, int]) -> socket.socket:
    caller = socket.socket()
    caller.settimeout(0)
    caller.connect_ex(place)
    return caller


def test_an_unknown_name_is_found(alice: Files) -> None:
    report = probe("tcp://no-such-host.invalid:8372", alice)
    assert ids(report) == ["host-unresolved"]


def test_an_address_without_a_way_to_it_is_found(alice: Files) -> None:
    assert ids(probe("tcp://[2001:db8::1]:8372", alice, timeout=0.5))[0] in ("host-unreachable", "no-answer")


def test_a_web_server_is_found(web: str, alice: Files) -> None:
    report = probe(web, alice, timeout=1)
    assert ids(report) == ["web-server"]


def test_a_web_server_over_tls_is_found(daemon: Files, alice: Files) -> None:
    def answer(connection: SSL.Connection) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(over_tls(tls_context(daemon), answer)) as url:
        assert ids(probe(url, alice, timeout=1)) == ["web-server"]


def test_a_listener_that_never_speaks_is_found_within_the_timeout(alice: Files) -> None:
    with serving(wait) as url, patience.ends():
        report = probe(url, alice, timeout=0.5)
    assert ids(report) == ["silent-listener"]
    assert stage(report, "enforcement") == "skipped"


def test_a_listener_that_never_speaks_over_tls_is_found(daemon: Files, alice: Files) -> None:
    with serving(over_tls(tls_context(daemon), wait)) as url:
        report = probe(url, alice, timeout=0.5)
    assert ids(report) == ["silent-listener"]


def test_something_else_on_the_port_is_found_and_not_printed_raw(alice: Files) -> None:
    with serving(lambda caller: caller.sendall(b"SSH-2.0-\x1b[31mOpenSSH\r\n")) as url:
        report = probe(url, alice)
    assert ids(report) == ["not-tls"]
    assert "SSH-2.0-\\x1b[31mOpenSSH" in report.findings[0].seen


def test_a_connection_that_is_ended_at_once_is_found(alice: Files) -> None:
    with serving(lambda caller: caller.close()) as url:
        assert ids(probe(url, alice)) == ["connection-closed"]


def test_a_server_of_old_tls_only_is_found(daemon: Files, alice: Files) -> None:
    context = tls_context(daemon)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_max_proto_version(SSL.TLS1_1_VERSION)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    with serving(over_tls(context, wait)) as url:
        assert ids(probe(url, alice)) == ["handshake-refused"]


def test_a_server_that_believes_any_certificate_is_open(daemon: Files, alice: Files) -> None:
    def answer(connection: SSL.Connection) -> None:
        connection.sendall(HTTP2_SETTINGS)
        wait(connection)

    with serving(over_tls(tls_context(daemon, verify=lambda *_: True), answer)) as url:
        report = probe(url, alice, timeout=1)
    assert "impostor-let-in" in ids(report)
    assert "OPEN TO EVERYBODY" in report.findings[-1].meaning


def test_no_connection_is_left_open(daemon: Files, alice: Files) -> None:
    left = threading.Semaphore(0)

    def answer(connection: SSL.Connection) -> None:
        connection.sendall(HTTP2_SETTINGS)
        with contextlib.suppress(SSL.Error):
            wait(connection)
        left.release()

    with serving(over_tls(tls_context(daemon, verify=lambda *_: True), answer)) as url:
        probe(url, alice, timeout=1)
        assert left.acquire(timeout=5)  # the client's own
        assert left.acquire(timeout=5)  # the impostor's


def test_a_refusal_without_an_alert_is_never_taken_for_one(daemon: Files, alice: Files) -> None:
    own = certificates.load(alice.cert.read_bytes())

    def answer(connection: SSL.Connection) -> None:  # as a proxy that drops strangers
        if connection.get_peer_certificate(as_cryptography=True) == own:
            connection.sendall(HTTP2_SETTINGS)
            wait(connection)

    context = tls_context(daemon, verify=lambda *_: True)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    with serving(over_tls(context, answer)) as url:
        report = probe(url, alice, timeout=1)
    assert "enforcement-unknown" in ids(report)
    assert "no certificate: the server ended the connection" in report.findings[-1].seen
