"""Somebody on the network between a client and a daemon: relays, and forges refusals as far as anybody can.

Whoever forges has what a daemon shows to everybody, its certificate, and no key of anybody's. The TLS is written out
(RFC 5246, RFC 8446): no library sends a CertificateRequest and then an alert in the place of a signature.
"""

import contextlib
import hashlib
import hmac
import os
import select
import socket
import struct
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.probe.servers import Answer

ALERT, HANDSHAKE, APPLICATION_DATA = 21, 22, 23
FATAL = 2
_X25519 = 0x001D
_RENEGOTIATION = 0xFF01
_KEY_SHARE, _SUPPORTED_VERSIONS, _SIGNATURE_ALGORITHMS, _AUTHORITIES = 51, 43, 13, 47
_AES_128_GCM_SHA256 = b"\x13\x01"
_ECDHE_ECDSA_AES_128_GCM_SHA256 = b"\xc0\x2b"


def alert_record(number: int) -> bytes:
    """Write an alert as anybody can: in plaintext."""
    return _record(ALERT, bytes([FATAL, number]))


def forging_tls12(chain: Sequence[bytes], number: int) -> Answer:
    """Answer with the daemon's public certificate, DER, and then with an alert in plaintext."""

    def answer(caller: socket.socket) -> None:
        _, session = _client_hello(_read_record(caller)[1])
        hello = b"\x03\x03" + os.urandom(32) + _short(session) + _ECDHE_ECDSA_AES_128_GCM_SHA256 + b"\x00"
        hello += _long(_extension(_RENEGOTIATION, b"\x00"))  # without it OpenSSL hangs up before the alert
        certificate = _medium(b"".join(map(_medium, chain)))
        caller.sendall(_record(HANDSHAKE, _message(2, hello) + _message(11, certificate)))
        caller.sendall(alert_record(number))
        _drain(caller)

    return answer


def forging_tls13(
    chain: Sequence[bytes], number: int, *, authorities: Sequence[bytes] = (), signature: bytes = b""
) -> Answer:
    """Answer under keys of its own with the daemon's public certificate, and with an alert for want of a signature.

    With `signature` it sends that first, as if it were the daemon's.
    """

    def answer(caller: socket.socket) -> None:
        hello_of_client = _read_record(caller)[1]
        share, session = _client_hello(hello_of_client)
        own = X25519PrivateKey.generate()
        hello = _message(2, _server_hello(session, own.public_key().public_bytes_raw()))
        caller.sendall(_record(HANDSHAKE, hello))
        sealed = _Sealed(own.exchange(X25519PublicKey.from_public_bytes(share)), hello_of_client + hello)
        flight = [
            _message(8, b"\x00\x00"),
            _message(13, b"\x00" + _long(_request_extensions(authorities))),
            _message(11, b"\x00" + _medium(b"".join(_medium(each) + b"\x00\x00" for each in chain))),
        ]
        if signature:
            flight.append(_message(15, b"\x04\x03" + _long(signature)))
        caller.sendall(b"".join(sealed.record(HANDSHAKE, message) for message in flight))
        caller.sendall(sealed.record(ALERT, bytes([FATAL, number])))
        _drain(caller)

    return answer


def relaying(port: int, host: str, interfere: Callable[[socket.socket, int], bool]) -> Answer:
    """Relay to the daemon; before each piece of the client's (0 is its hello) `interfere` may end the relaying."""

    def answer(caller: socket.socket) -> None:
        with socket.create_connection((host, port)) as behind:
            pieces = 0
            while True:
                for source in select.select([caller, behind], [], [])[0]:
                    if source is caller:
                        if interfere(caller, pieces):
                            _drain(caller)
                            return
                        pieces += 1
                    content = source.recv(65536)
                    if not content:
                        return
                    (behind if source is caller else caller).sendall(content)

    return answer


def by_turns(answers: Sequence[Answer]) -> Answer:
    """Answer each caller by the next of some, and all later ones by the last."""
    left = list(answers)

    def answer(caller: socket.socket) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(caller)

    return answer


class _Sealed:
    """The server's records under the handshake traffic secret (RFC 8446, sections 5.2 and 7.1)."""

    def __init__(self, shared: bytes, transcript: bytes) -> None:
        empty = hashlib.sha256(b"").digest()
        early = _extract(bytes(32), bytes(32))
        secret = _extract(_expand(early, "derived", empty, 32), shared)
        traffic = _expand(secret, "s hs traffic", hashlib.sha256(transcript).digest(), 32)
        self._key, self._iv, self._count = _expand(traffic, "key", b"", 16), _expand(traffic, "iv", b"", 12), 0

    def record(self, kind: int, content: bytes) -> bytes:
        nonce = bytes(a ^ b for a, b in zip(self._iv, self._count.to_bytes(12), strict=True))
        self._count += 1
        inner = content + bytes([kind])
        header = struct.pack("!BHH", APPLICATION_DATA, 0x0303, len(inner) + 16)
        return header + AESGCM(self._key).encrypt(nonce, inner, header)


def _extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, secret, "sha256")


def _expand(secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label for up to 32 bytes (RFC 8446, section 7.1)."""
    info = struct.pack("!H", length) + _short(b"tls13 " + label.encode()) + _short(context)
    return hmac.digest(secret, info + b"\x01", "sha256")[:length]


def _server_hello(session: bytes, share: bytes) -> bytes:
    extensions = _extension(_SUPPORTED_VERSIONS, b"\x03\x04") + _extension(
        _KEY_SHARE, struct.pack("!H", _X25519) + _long(share)
    )
    return b"\x03\x03" + os.urandom(32) + _short(session) + _AES_128_GCM_SHA256 + b"\x00" + _long(extensions)


def _request_extensions(authorities: Sequence[bytes]) -> bytes:
    found = _extension(_SIGNATURE_ALGORITHMS, _long(b"\x04\x03\x08\x04"))
    if authorities:
        found += _extension(_AUTHORITIES, _long(b"".join(map(_long, authorities))))
    return found


def _client_hello(message: bytes) -> tuple[bytes, bytes]:
    """Return the client's X25519 share, empty if there is none, and its session identifier."""
    rest = message[4 + 2 + 32 :]
    session, rest = _take(rest, 1)
    _, rest = _take(rest, 2)
    _, rest = _take(rest, 1)
    extensions, _ = _take(rest, 2)
    while extensions:
        kind = int.from_bytes(extensions[:2])
        content, extensions = _take(extensions[2:], 2)
        if kind == _KEY_SHARE:
            return _share(_take(content, 2)[0]), session
    return b"", session


def _share(shares: bytes) -> bytes:
    while shares:
        group = int.from_bytes(shares[:2])
        share, shares = _take(shares[2:], 2)
        if group == _X25519:
            return share
    return b""


def _take(content: bytes, size: int) -> tuple[bytes, bytes]:
    """Take what stands behind its length of `size` bytes; return it and the rest."""
    end = size + int.from_bytes(content[:size])
    return content[size:end], content[end:]


def _read_record(caller: socket.socket) -> tuple[int, bytes]:
    header = _read(caller, 5)
    return header[0], _read(caller, int.from_bytes(header[3:]))


def _read(caller: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        content += caller.recv(count - len(content)) or _gone()
    return content


def _gone() -> bytes:
    raise ConnectionResetError


def _drain(caller: socket.socket) -> None:
    """Wait until the caller goes away: an early end could take the alert with it."""
    with contextlib.suppress(OSError):
        while caller.recv(65536):
            pass


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("!BHH", kind, 0x0303, len(content)) + content


def _message(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + _medium(content)


def _extension(kind: int, content: bytes) -> bytes:
    return struct.pack("!H", kind) + _long(content)


def _short(content: bytes) -> bytes:
    return len(content).to_bytes(1) + content


def _long(content: bytes) -> bytes:
    return len(content).to_bytes(2) + content


def _medium(content: bytes) -> bytes:
    return len(content).to_bytes(3) + content
