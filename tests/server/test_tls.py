"""TLS as the server speaks it, to whoever calls."""

import asyncio
import base64
import contextlib
import gc
import socket
import ssl
import threading
import time
from asyncio import sslproto
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from OpenSSL import SSL

from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.cli import main
from certkit.enroll import codes
from certkit.pki import certificates, keys
from certkit.server import tls
from certkit.server.attempts import ALLOWED, WINDOW, Attempts
from tests.cli.conftest import ALICE, Lead
from tests.daemons.daemon import HOST
from tests.server.identity import ACTOR, SERVER, start
from tests.server.running import Caller, Server, csr

GET = b"GET /healthz HTTP/1.1\r\nHost: ca\r\n\r\n"


@contextlib.contextmanager
def connected(server: Server, settings: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """Connect, and say nothing yet; what is said then is sent at once."""
    with (
        socket.create_connection((server.host, server.port), 60) as plain,
        settings.wrap_socket(plain, server_hostname=server.host) as tls,
    ):
        tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield tls


def ask(server: Server, settings: ssl.SSLContext) -> bytes:
    """Ask whether it is well."""
    with connected(server, settings) as tls:
        tls.sendall(GET)
        return tls.recv(1000)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_spoken_and_no_session_is_kept(server: Server, version: ssl.TLSVersion) -> None:
    settings = Caller(server).context()
    settings.minimum_version = settings.maximum_version = version
    with connected(server, settings) as tls:
        tls.sendall(GET)
        assert tls.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert tls.session is None or not tls.session.has_ticket


def test_older_versions_are_not_spoken(server: Server) -> None:
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    settings.check_hostname, settings.verify_mode = False, ssl.CERT_NONE
    settings.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        settings.minimum_version = settings.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError), connected(server, settings):
        pass


def test_the_chain_is_the_certificate_and_its_authority(server: Server, home: Path) -> None:
    connection = SSL.Connection(
        SSL.Context(SSL.TLS_CLIENT_METHOD), socket.create_connection((server.host, server.port))
    )
    connection.set_connect_state()
    connection.do_handshake()
    leaf, authority = connection.get_peer_cert_chain(as_cryptography=True) or (None, None)
    assert leaf
    assert authority
    connection.close()
    assert authority == certificates.load((home / "authorities" / "server" / "cert.pem").read_bytes())
    assert certificates.has_signed(authority, leaf)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_whoever_shows_a_stranger_s_certificate_is_told_why(
    server: Server, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    other = tmp_path / "other"
    assert main(["init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--home", str(other)]) == 0
    folder = other / "canary"
    settings = Caller(server, (folder / "cert.pem", folder / "key.pem")).context()
    settings.minimum_version = settings.maximum_version = version
    with pytest.raises(ssl.SSLError, match=r"(?i)unknown.ca"):
        ask(server, settings)


def test_whoever_is_being_answered_when_it_is_told_to_end_is_answered(lead: Lead, server: Server) -> None:
    password = lead("invite", ALICE, "--json").data["password"]
    key = keys.generate("p256")
    body, shown = csr(key), base64.b64encode(f"x:{password}".encode())
    head = b"POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: ca\r\nAuthorization: Basic %s\r\n" % shown
    with connected(server, Caller(server).context()) as tls:
        tls.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:10])
        assert Caller(server).call("GET", "/healthz").status == 200
        ending = threading.Thread(target=server.stop)
        ending.start()
        refused = False
        while not refused:
            try:
                socket.create_connection((server.host, server.port), 1).close()
                time.sleep(0.1)
            except OSError:
                refused = True
        tls.sendall(body[10:])
        assert tls.recv(1000).startswith(b"HTTP/1.1 200 ")
    ending.join()


def test_who_says_nothing_holds_nobody_up(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection((server.host, server.port)))
            tls = stack.enter_context(connected(server, Caller(server).context()))
            tls.sendall(b"POST /.well-known/est/simpleenroll HTTP/1.1\r\nContent-Le")
        assert Caller(server).call("GET", "/readyz").status == 200


@pytest.mark.parametrize(
    "garbage",
    [b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + b"\xff" * 400],
)
def test_what_is_no_tls_ends_a_connection_and_no_server(server: Server, garbage: bytes) -> None:
    with socket.create_connection((server.host, server.port), 60) as plain, contextlib.suppress(ConnectionError):
        plain.sendall(garbage)
        while plain.recv(1000):
            pass
    assert Caller(server).call("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "garbage",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_leaves_the_server_well(server: Server, garbage: bytes) -> None:
    with connected(server, Caller(server).context()) as tls:
        tls.sendall(garbage)
        assert tls.recv(1000).startswith((b"HTTP/1.1 400", b"HTTP/1.0 400", b"HTTP/1.1 401"))
    assert Caller(server).call("GET", "/healthz").status == 200
    server.stop()
    assert [each for each in server.lines if "event" not in each] == []


def test_a_handshake_that_fails_leaves_nothing_for_the_garbage_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not see how much OpenSSL holds: thousands of connections would take hundreds of megabytes."""
    monkeypatch.setattr(sslproto.SSLProtocol, "_fatal_error", vars(sslproto.SSLProtocol)["_fatal_error"])
    monkeypatch.setattr(tls, "_LINGER", 0.0)
    tls.let_alerts_out()

    def held() -> int:
        return sum(isinstance(each, ssl.SSLObject) for each in gc.get_objects())

    async def fail() -> None:
        async with await asyncio.get_running_loop().create_server(
            asyncio.Protocol, HOST, 0, ssl=tls.context()
        ) as listening:
            for _ in range(10):
                reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
                writer.write(GET)
                await reader.read()
                writer.close()
            for _ in range(1000):
                await asyncio.sleep(0.01)
                if held() == before:
                    return
        raise AssertionError(held())

    before = held()
    gc.disable()
    try:
        asyncio.run(fail())
    finally:
        gc.enable()


def test_the_certificate_is_renewed_by_itself(lead: Lead, home: Path) -> None:
    """At two thirds of its life, for another address, and for another authority."""

    def serial(days: int, server: codes.Server = SERVER) -> int:
        now = datetime.now(UTC) + timedelta(days=days)
        with changing(open_home(home, lambda: b""), ACTOR, now) as session:
            identity = start(session, server)
        found, authority = certificates.load_all(identity.chain.read_bytes())
        assert certificates.has_signed(authority, found)
        assert keys.matches(keys.load(identity.key.read_bytes()), found)
        assert identity.key.stat().st_mode & 0o777 == 0o600
        return found.serial_number

    first = serial(0)
    assert serial(59) == first
    second = serial(61)
    assert second != first
    third = serial(61, codes.Server("10.0.0.7", 443))
    assert third != second
    for step in ("prepare", "switch"):
        lead("rotate", "server", step, "--force")
    assert serial(61, codes.Server("10.0.0.7", 443)) != third
    assert lead("invite", ALICE).code == 0


def test_who_fails_too_often_waits_until_the_window_is_over() -> None:
    attempts = Attempts()
    for second in range(ALLOWED):
        assert attempts.wait("mallory", second) == 0
        attempts.count("mallory", second)
    assert attempts.wait("mallory", ALLOWED) == WINDOW - ALLOWED
    assert attempts.wait("alice", ALLOWED) == 0
    assert attempts.wait("mallory", WINDOW) == 0


def test_very_many_who_fail_take_no_more_than_so_much_memory() -> None:
    attempts = Attempts()
    for number in range(20_000):
        attempts.count(f"address {number}", 0.0)
    assert len(vars(attempts)["_failures"]) == 10_000
