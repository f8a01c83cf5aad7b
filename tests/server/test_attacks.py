"""Whatever is sent to it, a server answers with no defect and with no certificate, and goes on serving."""

import base64
import contextlib
import json
import random
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator

import pytest

from certkit.pki import keys, requests
from certkit.pki.signer import KeySigner
from tests.cli.conftest import ALICE, Lead
from tests.server.running import EST, OWN, Caller, Server, csr
from tests.server.test_tls import connected

KEY = keys.generate("p256")
SECRET = "a" * 29
"""Of a code that nobody has made."""


def post(path: str, body: bytes, *headers: bytes, password: str = SECRET, length: int | None = None) -> bytes:
    """Write a request."""
    shown = base64.b64encode(f"x:{password}".encode())
    head = [f"POST {path} HTTP/1.1".encode(), b"Host: ca", b"Authorization: Basic " + shown, *headers]
    counted = (
        [] if length is not None and length < 0 else [b"Content-Length: %d" % (len(body) if length is None else length)]
    )
    return b"\r\n".join([*head, *counted, b"", body])


def crafted() -> Iterator[bytes]:
    """Return requests, each with something that a server might stumble over."""
    body, simple, reenroll = csr(KEY), f"{EST}/simpleenroll", f"{EST}/simplereenroll"
    chunked = b"Transfer-Encoding: chunked"
    yield post(simple, b"")
    yield post(simple, body, length=10**30)
    yield post(simple, body, b"Content-Length: 5")
    yield post(simple, b"0\r\n\r\n" + post(simple, body), chunked)
    yield post(simple, b"5\r\nAAAA", chunked, length=-1)
    yield post(simple, b"ffffffffffffffff\r\n", chunked, length=-1)
    yield post(simple, b"0\r\nX: " + b"a" * 9000 + b"\r\n\r\n", chunked, length=-1)
    yield post(simple, zlib.compress(b"A" * 10**7), b"Content-Encoding: deflate")
    yield post(simple, b"no deflate", b"Content-Encoding: deflate")
    yield post(simple, body, b"Content-Encoding: br")
    yield post(simple, body, b"Expect: 100-continue")
    yield post(simple, body, b"Expect: the unexpected")
    yield post(simple, body, b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Key: x")
    yield post(simple, body, b"Content-Type: multipart/form-data; boundary=" + b"-" * 70)
    yield post(simple, body, b"Content-Type: text/plain; charset=nonsense")
    yield post(simple, body, *(b"X-%d: y" % number for number in range(300)))
    yield post(simple, body, b"X: a\r\n b")
    yield post(simple, body, b"X: a\0b")
    yield post(simple, body, b"\xff: \xfe")
    yield post(simple, body, b"Authorization: Basic " + base64.b64encode(b"\xff\xfe:\xfd"))
    yield post(simple, body, b"Authorization: Basic " + b"A" * 7000)
    yield post(simple, body, b"Authorization: Negotiate", password="")
    yield post(simple, body, password="\u0661" * 29)
    yield post(simple, body, password="A" * 5000)
    yield post(reenroll, body)
    yield post(reenroll, body, b"X-SSL-Client-Cert: " + body)
    yield post(f"{simple}?label=x", body)
    yield post(f"{simple}/..", body)
    yield post(f"//{simple}", body)
    yield post(f"https://other.example{simple}", body)
    yield post("/%00%ff%2e%2e/" + "é".encode().decode("latin-1"), body)
    yield post("*", body)
    for method in (b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"TRACE", b"PRI", b"post", b"A" * 100, b"G\0T"):
        yield method + b" " + simple.encode() + b" HTTP/1.1\r\nHost: ca\r\n\r\n"
    for version in (b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/1.1.1", b"http/1.1", b""):
        yield b"GET /readyz " + version + b"\r\nHost: ca\r\n\r\n"
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield b"GET /readyz HTTP/1.1\r\n\r\n" * 20
    yield b"\r\n" * 2000
    yield b"GET " + f"{OWN}/settings".encode() + b" HTTP/1.1\r\nHost: ca\r\nHost: cb\r\n\r\n"


def mutated(content: bytes, dice: random.Random) -> bytes:
    """Change, add, take away or repeat something here and there."""
    found = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at, until = sorted((dice.randrange(len(found)), dice.randrange(len(found))))
        match dice.randrange(5):
            case 0:
                found[at] ^= 1 << dice.randrange(8)
            case 1:
                found[at:at] = dice.randbytes(dice.randint(1, 20))
            case 2:
                del found[at : min(until, at + 30) + 1]
            case 3:
                found[at:at] = found[at:until]
            case _:
                found[at : at + 1] = dice.choice([b"\0", b"\r", b"\n", b":", b" ", b"\xff", b"-1", b"99999999999"])
        found = found or bytearray(b"?")
    return bytes(found)


def told(server: Server, settings: ssl.SSLContext, sent: bytes) -> bytes:
    """Send something on a connection of its own, say that this was all, and return what is answered."""
    found = b""
    with contextlib.suppress(OSError), connected(server, settings) as tls:
        tls.settimeout(20)
        tls.sendall(sent)
        tls.shutdown(socket.SHUT_WR)
        while part := tls.recv(65536):
            found += part
    return found


def check(answer: bytes) -> None:
    """Fail if an answer speaks of a defect, or holds a certificate."""
    for line in answer.split(b"HTTP/1.")[1:]:
        assert int(line[2:5]) < 500 or line[2:5] in {b"501", b"505"}, answer
    assert b"pkcs7" not in answer
    assert b"Traceback" not in answer


def is_well(server: Server) -> None:
    """Fail if a server does not serve, or has noted a defect, or anything that is no line of its log."""
    assert Caller(server).call("GET", "/readyz").status == 200
    assert server.stop() == 0
    odd = [each for each in server.lines if "said" in each or "error" in each]
    assert not odd, json.dumps(odd)
    assert {each["event"] for each in server.lines} <= {"serving", "request", "draining", "ended", "library"}


def test_no_request_however_odd_finds_a_defect_or_gets_a_certificate(lead: Lead, server: Server) -> None:
    settings = Caller(server).context()
    for each in crafted():
        check(told(server, settings, each))
    is_well(server)


@pytest.mark.parametrize("seed", range(2))
def test_no_request_that_dice_have_changed_finds_a_defect_or_gets_a_certificate(server: Server, seed: int) -> None:
    dice, settings = random.Random(seed), Caller(server).context()
    whole = [post(f"{EST}/simpleenroll", csr(KEY)), post(f"{EST}/simplereenroll", csr(KEY)), *crafted()]
    for _ in range(60):
        check(told(server, settings, mutated(dice.choice(whole), dice)))
    is_well(server)


def test_no_request_for_a_certificate_that_was_changed_gets_one(lead: Lead, server: Server) -> None:
    """Whichever bit: the signature is over all of it. The code is not used up by that."""
    dice, der = random.Random(7), requests.make_der(KeySigner(KEY))
    caller, passwords = Caller(server), []
    for _ in range(8):
        passwords.append(str(lead("invite", ALICE, "--json").data["password"]))
        for _ in range(8):
            broken = bytearray(der)
            broken[dice.randrange(len(der))] ^= 1 << dice.randrange(8)
            found = caller.call("POST", f"{EST}/simpleenroll", base64.b64encode(broken), password=passwords[-1])
            assert found.status in {400, 403}, (found.status, found.body)
    assert [each["used"] for each in lead("invite", "list", "--json").data["codes"]] == [0] * 8
    assert caller.enroll(passwords[0], KEY).status == 200
    is_well(server)


def test_no_handshake_that_dice_have_changed_ends_the_server(server: Server) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    begun = Caller(server).context().wrap_bio(incoming, outgoing, server_hostname=server.host)
    with contextlib.suppress(ssl.SSLWantReadError):
        begun.do_handshake()
    hello, dice = outgoing.read(), random.Random(11)
    for _ in range(80):
        with socket.create_connection((server.host, server.port), 20) as plain, contextlib.suppress(ConnectionError):
            plain.sendall(mutated(hello, dice))
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(65536):
                pass
    is_well(server)


def test_whoever_is_slow_or_silent_is_cut_off(server: Server) -> None:
    """In the handshake, before a request, and in a body that comes byte by byte: after ten seconds each."""
    settings, ended = Caller(server).context(), []

    def until_the_end(connection: socket.socket, trickle: bytes) -> None:
        connection.settimeout(0.5)
        found = b""
        for _ in range(100):
            with contextlib.suppress(TimeoutError, ssl.SSLWantReadError):
                connection.sendall(trickle)
                part = connection.recv(1000)
                found += part
                if not part or b"\r\n\r\n" in found:
                    break
        else:
            return
        ended.append(found)

    with (
        socket.create_connection((server.host, server.port)) as plain,
        connected(server, settings) as slow,
        connected(server, settings) as silent,
    ):
        slow.sendall(post(f"{EST}/simpleenroll", b"", length=1000))
        waiting = [
            threading.Thread(target=until_the_end, args=(plain, b"")),
            threading.Thread(target=until_the_end, args=(slow, b"A")),
        ]
        for each in waiting:
            each.start()
        silent.sendall(b"GET /healthz HTTP/1.1\r\nHost: ca\r\n\r\n")
        time.sleep(1)
        assert Caller(server).call("GET", "/readyz").status == 200
        until_the_end(silent, b"")
        for each in waiting:
            each.join()
    assert any(each.startswith(b"HTTP/1.1 408") for each in ended), ended
    assert len(ended) == 3
    is_well(server)
