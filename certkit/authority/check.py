"""See what a daemon holds: it refuses the newest anchors' canary, or it serves a former one's files."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from certkit.authority.home import Home
from certkit.authority.publish import canary_pair, newest_anchors
from certkit.earthly import address
from certkit.errors import Malformed
from certkit.ledger.interface import Daemon
from certkit.pki import certificates, keys
from certkit.probe import network
from certkit.probe.alerts import REVOKED, describe
from certkit.probe.credentials import Pair
from certkit.probe.handshake import Caller, Handshake, Outcome, shake
from certkit.probe.transport import Trust

_START = "start it, or look at its log."
_PROBE = "see what an enrolled laptop's certkit probe says of it."
_PAUSE = 0.5
"""Seconds between two looks."""


class Verdict(StrEnum):
    """What was seen of a daemon."""

    PROVEN = "proven"
    """It refuses the canary, and its certificate is the team's."""
    FORMER = "former"
    """It lets the canary in: it still holds former anchors, or none."""
    UNCLEAR = "unclear"
    """It was not reached, is not the team's, or refused for another reason."""


@dataclass(frozen=True)
class Seen:
    """A verdict, in words too; what is in `words` may come from the daemon."""

    verdict: Verdict
    words: str
    remedy: str = ""


def check_until(home: Home, daemon: Daemon, clock: Callable[[], datetime], timeout: float, wait: float) -> Seen:
    """Check until it is proven or `wait` seconds have passed; a look takes `timeout` seconds at most."""
    end = time.monotonic() + wait
    while True:
        seen = check(home, daemon, clock(), timeout)
        if seen.verdict is Verdict.PROVEN or time.monotonic() >= end:
            return seen
        time.sleep(_PAUSE)


def check(home: Home, daemon: Daemon, now: datetime, timeout: float) -> Seen:
    """Look at a daemon within `timeout` seconds, and record what it was seen to hold."""
    number = newest_anchors(home).number
    pair = _canary(home, now)
    found = network.observe(address.parse(daemon.url), timeout)
    if found.endpoint is None:
        return Seen(Verdict.UNCLEAR, found.unresolved or f"nobody answers at {daemon.url}", _START)
    trust = Trust(tuple(map(certificates.load, home.trusted_pems("server"))), now)
    handshake = shake(found.endpoint, Caller(found.address.host, pair, trust), timeout, found.connection)
    if handshake.connection:
        handshake.connection.close()
    seen = _judge(handshake)
    if seen.verdict is Verdict.PROVEN:
        _record(home, daemon.name, number, handshake, now)
    return seen


def canary_for(home: Home, url: str, now: datetime) -> Pair | None:
    """Give the canary to be shown to the daemon at a URL; None if no daemon of the team is there."""
    try:
        wanted = address.parse(url)
    except Malformed:
        return None
    urls = {daemon.url for daemon in home.ledger.daemons()}
    return _canary(home, now) if wanted.url in urls else None


def _canary(home: Home, now: datetime) -> Pair:
    certificate, key = canary_pair(home, now)
    return Pair(tuple(certificates.load_all(certificate)), keys.load(key))


def _judge(handshake: Handshake) -> Seen:
    if handshake.outcome is Outcome.SERVED:
        words = "it lets the canary in, so it still holds former anchors, or none"
        return Seen(Verdict.FORMER, words, "copy its new files to its host, and restart it: it reads them only then.")
    if handshake.outcome is not Outcome.REFUSED:
        return Seen(Verdict.UNCLEAR, handshake.outcome.value, _PROBE)
    if handshake.alert in REVOKED:
        return Seen(Verdict.PROVEN, "it refuses the canary")
    return Seen(Verdict.UNCLEAR, f"it refuses the canary for another reason: {describe(handshake.alert)}", _PROBE)


def _record(home: Home, name: str, number: int, handshake: Handshake, now: datetime) -> None:
    serial = certificates.serial_text(handshake.spoken.chain[0].serial_number) if handshake.spoken.chain else ""
    with home.ledger.transaction():
        daemon = home.ledger.daemon(name)
        if daemon and (daemon.proven, daemon.serving) != (number, serial):
            home.ledger.put_daemon(replace(daemon, proven=number, serving=serial))
            home.record("daemon check", name, now, anchors=number, serial=serial)
