"""Connections within bounds: so many at once, none for ever; whoever is silent or slow holds nobody up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

MOST = 512
LONGEST = 60.0
"""Seconds that a connection may last: a laptop has two things to ask."""
LINE = 8 * 1024
"""Bytes of the longest line of a head."""
_KEPT = 10.0
"""Seconds for which a connection without a request is kept."""

_LINGER = 2.0
"""Seconds for which what comes behind an answer is still taken, so that the answer is read."""


class Connections(web.Server):
    """Makes the protocol of every connection, and counts them."""

    def __init__(self, answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        bounds: dict[str, Any] = {"max_line_size": LINE, "max_field_size": LINE, "keepalive_timeout": _KEPT}
        super().__init__(answer, access_log=None, lingering_time=_LINGER, **bounds)
        self.count = 0

    def __call__(self) -> web.RequestHandler:
        """Make the protocol of one connection."""
        return _Bounded(self, loop=self._loop, **self._kwargs)


class _Bounded(web.RequestHandler):
    """aiohttp's protocol, on a connection that ends."""

    __slots__ = ("_connections", "_end")

    def __init__(self, manager: Connections, **settings: Any) -> None:  # noqa: ANN401  aiohttp's own
        super().__init__(manager, **settings)
        self._connections = manager
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.count += 1
        self.may_last(LONGEST if self._connections.count <= MOST else 0.0)

    def may_last(self, seconds: float) -> None:
        """End the connection that long from now."""
        if self._end:
            self._end.cancel()
        if isinstance(self.transport, asyncio.Transport):
            self._end = asyncio.get_running_loop().call_later(seconds, self.transport.abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._connections.count -= 1
        if self._end:
            self._end.cancel()
