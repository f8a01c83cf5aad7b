"""Resolve a host and connect to each of its addresses at once."""

import queue
import socket
import time
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from certkit.earthly.address import Address
from certkit.probe import background
from certkit.probe.elapsed import ms_since

if TYPE_CHECKING:
    from concurrent.futures import Future

Endpoint = tuple[socket.AddressFamily, str, int]
"""A family, an IP address and a port."""

LIMIT = 16
"""Addresses of one host that are tried; a name server may give hundreds."""

PATIENCE = 1.0
"""Seconds that the other addresses have to answer once one has: a family without a route must not delay the rest."""


class Attempt(NamedTuple):
    """One try at one address; `error` is None where it was reached, or where it was not waited for any longer."""

    endpoint: Endpoint
    ms: float
    is_reached: bool = False
    error: OSError | None = None

    @property
    def place(self) -> str:
        """The address and port as a URL has them."""
        _, host, port = self.endpoint
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def why_not(self) -> str:
        """Why it was not reached."""
        if self.error is None:
            return f"no answer after {self.ms:.0f} ms"
        return self.error.strerror or "no answer in time"


class Network(NamedTuple):
    """What connecting came to: `attempts` in the resolver's order, and the connections that were made."""

    address: Address
    timeout: float
    ms: float
    """Milliseconds until the first address was reached, or until none was."""
    unresolved: str = ""
    attempts: tuple[Attempt, ...] = ()
    connections: Mapping[Endpoint, socket.socket] = MappingProxyType({})
    """By endpoint; the first that answered comes first."""
    left_out: int = 0
    """How many addresses more the host has than LIMIT."""


def observe(address: Address, timeout: float) -> Network:
    """Resolve and connect, within `timeout` seconds each."""
    started = time.monotonic()
    try:
        endpoints = _resolve(address, timeout)
    except TimeoutError:
        return Network(address, timeout, ms_since(started), unresolved="the name server gave no answer in time")
    except OSError as error:
        return Network(address, timeout, ms_since(started), unresolved=error.strerror or str(error))
    resolved = ms_since(started)
    attempts, connections = _connect_all(endpoints[:LIMIT], timeout)
    reached = [attempt.ms for attempt in attempts if attempt.is_reached]
    took = resolved + min(reached) if reached else ms_since(started)
    return Network(address, timeout, took, "", attempts, connections, max(0, len(endpoints) - LIMIT))


def unresolved(hosts: Sequence[str], timeout: float) -> list[str]:
    """Return those names that have no address here, or none within `timeout` seconds."""
    waiting = {host: background.start(partial(socket.getaddrinfo, host, None)) for host in hosts}
    end = time.monotonic() + timeout
    return [host for host, answer in waiting.items() if not _is_answered(answer, end - time.monotonic())]


def _is_answered(answer: "Future[Any]", timeout: float) -> bool:
    try:
        answer.result(max(timeout, 0))
    except (OSError, UnicodeError):  # a timeout is one of the former
        return False
    return True


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
    return list(dict.fromkeys(waiting.result(timeout)))


def _connect_all(
    endpoints: Sequence[Endpoint], timeout: float
) -> tuple[tuple[Attempt, ...], dict[Endpoint, socket.socket]]:
    """Try all at once; once one is reached the others have PATIENCE, however long the timeout is."""
    answers: queue.Queue[tuple[Attempt, socket.socket | None]] = queue.Queue()
    started = time.monotonic()
    deadline = started + timeout + PATIENCE  # each attempt ends by itself at its timeout

    def answer(endpoint: Endpoint) -> None:
        answers.put(_attempt(endpoint, timeout))

    for endpoint in endpoints:
        background.start(partial(answer, endpoint))
    attempts: dict[Endpoint, Attempt] = {}
    connections: dict[Endpoint, socket.socket] = {}
    while len(attempts) < len(endpoints):
        try:
            attempt, connection = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        attempts[attempt.endpoint] = attempt
        if connection:
            connections[attempt.endpoint] = connection
            deadline = min(deadline, time.monotonic() + PATIENCE) if len(connections) == 1 else deadline
    waited = ms_since(started)
    return tuple(attempts.get(each) or Attempt(each, waited) for each in endpoints), connections


def _attempt(endpoint: Endpoint, timeout: float) -> tuple[Attempt, socket.socket | None]:
    started = time.monotonic()
    try:
        connection = connect(endpoint, timeout)
    except OSError as error:
        return Attempt(endpoint, ms_since(started), error=error), None
    return Attempt(endpoint, ms_since(started), is_reached=True), connection
