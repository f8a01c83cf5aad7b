"""Whether anybody builds on a daemon just now: its own word, to somebody whom it lets in."""

from datetime import datetime
from enum import StrEnum

from certkit.earthly.address import Address
from certkit.probe import buildkit, network
from certkit.probe.handshake import Handshake, perform
from certkit.probe.observed import Outcome
from certkit.probe.target import Chain, Pair
from certkit.probe.transport import Caller, Trust


class Activity(StrEnum):
    """What a daemon says of its builds."""

    BUILDING = "building"
    IDLE = "idle"
    DOWN = "down"
    """Nobody listens, so nobody builds either."""
    UNKNOWN = "unknown"
    """It does not let the caller in, or does not say."""


def activity(at: Address, authorities: Chain, pair: Pair, now: datetime, timeout: float) -> Activity:
    """Ask the daemon at an address, each step within `timeout` seconds."""
    found = network.observe(at, timeout)
    if not found.connections:
        return Activity.DOWN if found.attempts else Activity.UNKNOWN
    (endpoint, connection), *others = found.connections.items()
    for _, other in others:
        other.close()
    handshake = perform(endpoint, Caller(at.host, pair, Trust(authorities, now)), timeout, connection)
    return _asked(handshake, f"{at.host}:{at.port}", timeout)


def _asked(handshake: Handshake, authority: str, timeout: float) -> Activity:
    if handshake.outcome is not Outcome.SERVED:
        return Activity.UNKNOWN
    building = buildkit.is_building(handshake, authority, timeout)
    if building is None:
        return Activity.UNKNOWN
    return Activity.BUILDING if building else Activity.IDLE
