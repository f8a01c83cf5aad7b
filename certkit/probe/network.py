"""Resolve a host and connect to each of its addresses at once."""

import queue
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from certkit.earthly.address import Address
from certkit.probe import background
from certkit.probe.elapsed import ms_since

if TYPE_CHECKING:
    from concurrent.futures import Future

Endpoint = tuple[socket.AddressFamily, str, int]
"""A family, an IP address and a port."""

LIMIT = 8
"""Addresses of one host that are tried; a name server may give hundreds."""


@dataclass(frozen=True)
class Attempt:
    """One try at one address; `error` is None where it was reached or is still awaited."""

    endpoint: Endpoint
    ms: float
    is_reached: bool = False
    error: OSError | None = None


@dataclass(frozen=True)
class Network:
    """What connecting came to: `attempts` in the resolver's order, and the connection that came first."""

    address: Address
    timeout: float
    ms: float
    unresolved: str = ""
    attempts: tuple[Attempt, ...] = ()
    connection: socket.socket | None = None

    @property
    def endpoint(self) -> Endpoint | None:
        """Where the connection leads."""
        reached = [attempt for attempt in self.attempts if attempt.is_reached]
        return min(reached, key=lambda attempt: attempt.ms).endpoint if self.connection else None


def observe(address: Address, timeout: float) -> Network:
    """Resolve and connect, within `timeout` seconds each; the first address to answer wins, as in Go's dialer."""
    started = time.monotonic()
    try:
        endpoints = _resolve(address, timeout)
    except TimeoutError:
        return Network(address, timeout, ms_since(started), unresolved="the name server gave no answer in time")
    except OSError as error:
        return Network(address, timeout, ms_since(started), unresolved=error.strerror or str(error))
    return _race(Network(address, timeout, ms_since(started)), endpoints)


def connect(endpoint: Endpoint, timeout: float) -> socket.socket:
    """Connect to one address within `timeout` seconds; raises OSError."""
    family, host, port = endpoint
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect((host, port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        connection.close()
        raise
    return connection


def _resolve(address: Address, timeout: float) -> list[Endpoint]:
    def ask() -> list[Endpoint]:
        answers = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        return [(family, str(place[0]), int(place[1])) for family, _, _, _, place in answers]

    # The resolver knows no time limit of its own.
    waiting: Future[list[Endpoint]] = background.start(ask)
    return list(dict.fromkeys(waiting.result(timeout)))[:LIMIT]


def _race(network: Network, endpoints: Sequence[Endpoint]) -> Network:
    answers: queue.Queue[tuple[Attempt, socket.socket | None]] = queue.Queue()
    started = time.monotonic()

    def answer(endpoint: Endpoint) -> None:
        answers.put(_attempt(endpoint, network.timeout))

    for endpoint in endpoints:
        background.start(partial(answer, endpoint))
    attempts = {endpoint: Attempt(endpoint, 0.0) for endpoint in endpoints}
    connection = None
    while connection is None and any(not tried.ms for tried in attempts.values()):
        attempt, connection = answers.get()
        attempts[attempt.endpoint] = attempt
    waited = [tried if tried.ms else replace(tried, ms=ms_since(started)) for tried in attempts.values()]
    ms = network.ms + ms_since(started)
    return replace(network, ms=ms, attempts=tuple(waited), connection=connection)


def _attempt(endpoint: Endpoint, timeout: float) -> tuple[Attempt, socket.socket | None]:
    started = time.monotonic()
    try:
        connection = connect(endpoint, timeout)
    except OSError as error:
        return Attempt(endpoint, ms_since(started), error=error), None
    return Attempt(endpoint, ms_since(started), is_reached=True), connection
