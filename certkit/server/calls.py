"""One call over HTTP: who makes it, what they show, and what they send, all within bounds."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from certkit.enroll import codes
from certkit.errors import MalformedError
from certkit.ledger.interface import Access, Actor
from certkit.server.answers import CHALLENGE, CallError
from certkit.server.worker import Change, Operation, Worker

LARGEST_BODY = 64 * 1024
"""Bytes. A request for the largest key takes three thousand."""
_SLOWEST_BODY = 10.0
"""Seconds in which a body must be here."""
_LONGEST_WAIT = 10.0
"""Seconds that a call waits in line and for its answer."""

Result = TypeVar("Result")


@dataclass
class Call:
    """A request, and what the log says of it."""

    request: web.BaseRequest
    worker: Worker
    actor: str | None = None
    """Who makes it, as soon as that is known."""
    issued: Access | None = None
    """By which right a new certificate was issued, if one was."""
    told: dict[str, object] = field(default_factory=dict)
    """What else the log says."""

    @property
    def host(self) -> str:
        """The caller's address."""
        return self.request.remote or "unknown"

    def secret(self) -> bytes:
        """Return the secret that was shown as the password of HTTP Basic, with any name (RFC 7617)."""
        kind, _, credentials = self.request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            raise CallError(401, "a code is wanted", "code-wanted", CHALLENGE)
        try:
            _, _, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
        except ValueError:
            password = ""
        secret = codes.secret_in(password)
        if secret is None:
            raise CallError(401, "that is no secret of a code", "code-unknown", CHALLENGE)
        return secret

    def certificate(self) -> bytes:
        """Return the certificate that was shown, and proven, in the handshake; raise CallError if there is none."""
        transport = self.request.transport
        shown = transport.get_extra_info("ssl_object").getpeercert(binary_form=True) if transport else None
        if not shown:
            raise CallError(403, "show the certificate that you have, in the handshake", "certificate-wanted")
        return bytes(shown)

    def may_last(self, seconds: float) -> None:
        """Let the connection last so long from now on: what is wanted takes its time."""
        protocol: Any = self.request.protocol
        protocol.may_last(seconds)

    async def body(self, largest: int = LARGEST_BODY, slowest: float = _SLOWEST_BODY) -> bytes:
        """Return what was sent with the call; raise CallError if it is too much, damaged, or not here soon."""
        content = bytearray()
        try:
            async with asyncio.timeout(slowest):
                async for part in self.request.content.iter_any():
                    content += part
                    if len(content) > largest:
                        raise CallError(413, f"more than {largest} bytes", "body-too-large")
        except TimeoutError:
            raise CallError(408, "what was announced did not come", "body-too-slow") from None
        except web.RequestPayloadError:
            raise CallError(400, "what came is not what was announced", "body-damaged") from None
        except ConnectionError:
            raise CallError(400, "whoever called has left", "caller-left") from None
        return bytes(content)

    async def request_to_sign(self) -> bytes:
        """Return the CSR that was sent: base64 of DER, however it is broken into lines, or PEM."""
        body = await self.body()
        if b"-----BEGIN" in body:
            return body
        try:
            return binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
        except ValueError:
            raise MalformedError("it is not a certificate request", code="not-a-request") from None

    async def read(self, operation: Operation[Result]) -> Result:
        """Have an operation carried out that only reads; raise CallError if that cannot be done soon."""
        return await _soon(self.worker.read(Actor("somebody", self.host), operation))

    async def do(self, operation: Operation[Result], *, name: str = "somebody", access: Access = "code") -> Result:
        """Have an operation carried out that may take its time, and make changes of its own; raise as `read` does."""
        return await _soon(self.worker.do(Actor(name, self.host, access), operation))

    async def change(self, prepare: Change[Result], access: Access) -> Result:
        """Have a change made, see `Worker`, by the right of what was shown; raise CallError if that takes too long."""
        return await _soon(self.worker.change(Actor("somebody", self.host, access), prepare))


async def _soon(result: Awaitable[Result]) -> Result:
    try:
        async with asyncio.timeout(_LONGEST_WAIT):
            return await result
    except TimeoutError:
        raise CallError(503, "there is too much to do", "server-busy", {"Retry-After": "5"}) from None
