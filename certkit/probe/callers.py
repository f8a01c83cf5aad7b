"""Who calls at a daemon: the client itself, and strangers beside it; each at every address, all at once."""

import functools
import socket
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from certkit.probe import background, impostor
from certkit.probe.handshake import Handshake, perform
from certkit.probe.network import Endpoint, Network
from certkit.probe.observed import CANARY, CLIENT, CONTROL, IMPOSTOR, NO_CERTIFICATE, ObservedAddress
from certkit.probe.target import Pair
from certkit.probe.transport import Caller, Trust

if TYPE_CHECKING:
    from concurrent.futures import Future


class Identities(NamedTuple):
    """What the callers show."""

    own: Pair | None
    """The client's certificate with its key, if the two are of one pair."""
    resembled: x509.Certificate | None
    """The certificate whose names the impostor takes, and whose issuer it claims as its own."""
    canary: Pair | None
    control: Pair | None


Calls = Mapping[str, "Future[Handshake]"]
"""The handshakes at one address, by the caller's name."""


def callers(server_name: str, identities: Identities, trust: Trust, now: datetime) -> dict[str, Caller]:
    """Return who calls: all verify the server first, and whoever shows something shows it only to the daemon.

    The stranger without a certificate has nothing to hide, so it goes on even where the daemon's certificate has
    expired, say: that a daemon is open to everybody is to be found out all the same.
    """
    found: dict[str, Caller] = {
        CLIENT: Caller(server_name, identities.own, trust),
        NO_CERTIFICATE: Caller(server_name, None, trust, insists=False),
    }
    forged = impostor.forge(identities.resembled, now) if identities.resembled else None
    for name, pair in ((IMPOSTOR, forged), (CANARY, identities.canary), (CONTROL, identities.control)):
        if pair:
            found[name] = Caller(server_name, pair, trust)
    return found


def start(endpoint: Endpoint, found: Mapping[str, Caller], timeout: float, connected: socket.socket) -> Calls:
    """Start everybody's handshake at one address, the client's over the connection that there is already."""
    calls: dict[str, Future[Handshake]] = {}
    for name, caller in found.items():
        if name == CLIENT:
            calls[name] = background.start(functools.partial(perform, endpoint, caller, timeout, connected))
        else:
            calls[name] = background.start(functools.partial(_call_and_leave, endpoint, caller, timeout))
    return calls


def observed(found: Network, calls: Mapping[Endpoint, Calls]) -> tuple[ObservedAddress, ...]:
    """Return what was observed at every address, when all handshakes are over."""
    return tuple(
        ObservedAddress(
            address=tried.place,
            is_ipv6=tried.endpoint[0] == socket.AF_INET6,
            is_reached=tried.is_reached,
            error="" if tried.is_reached else tried.why_not,
            exchanges={name: call.result().exchange for name, call in calls.get(tried.endpoint, {}).items()},
        )
        for tried in found.attempts
    )


def hang_up(calls: Calls) -> None:
    """Close the client's connection, if it is still open when its handshake is over."""
    connection = calls[CLIENT].result().connection
    if connection:
        connection.close()


def _call_and_leave(endpoint: Endpoint, caller: Caller, timeout: float) -> Handshake:
    handshake = perform(endpoint, caller, timeout)
    if handshake.connection:
        handshake.connection.close()
    return handshake
