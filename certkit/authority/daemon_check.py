"""See what a daemon holds: it refuses the newest anchors' canary, or it serves a former one's files."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from certkit.authority.home import Home
from certkit.authority.publication import canary_pair, newest_anchors, served_certificate
from certkit.earthly import address
from certkit.errors import MalformedError
from certkit.ledger.interface import Daemon
from certkit.pki import certificates, keys
from certkit.probe import network
from certkit.probe.alerts import DECRYPT_ERROR, REVOKED, UNKNOWN_CA, describe
from certkit.probe.credentials import Pair
from certkit.probe.handshake import Caller, Handshake, Outcome, attempt_handshake
from certkit.probe.transport import Trust

_START = "start it, or look at its log."
_PROBE = "see what an enrolled laptop's certkit probe says of it."
_RESTART = "copy its new files to its host, and restart it: it reads them only then."
_PAUSE = 0.5
"""Seconds between two looks."""


class Verdict(StrEnum):
    """What was seen of a daemon."""

    PROVEN = "proven"
    """It refuses the canary, and serves its newest certificate."""
    FORMER = "former"
    """It lets the canary in, does not know its authority, or serves a former certificate: it needs a restart."""
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
    trust = Trust(home.trusted("server"), now)
    handshake = attempt_handshake(found.endpoint, Caller(found.address.host, pair, trust), timeout, found.connection)
    if handshake.connection:
        handshake.connection.close()
    seen = _judge(handshake)
    if seen.verdict is not Verdict.PROVEN:
        return seen
    chain, newest = handshake.negotiated.chain, served_certificate(home, daemon.name)
    _record(home, daemon.name, number, certificates.serial_text(chain[0].serial_number), now)
    if chain[0] == newest:
        return seen
    words = (
        f"it refuses the canary, but serves a former certificate, which expires {chain[0].not_valid_after_utc.date()}"
    )
    return Seen(Verdict.FORMER, words, _RESTART)


def canary_for(home: Home, url: str, now: datetime) -> Pair | None:
    """Give the canary to be shown to the daemon at a URL; None if no daemon of the team is there."""
    try:
        wanted = address.parse(url)
    except MalformedError:
        return None
    urls = {daemon.url for daemon in home.ledger.daemons()}
    return _canary(home, now) if wanted.url in urls else None


def _canary(home: Home, now: datetime) -> Pair:
    certificate, key = canary_pair(home, now)
    return Pair(tuple(certificates.load_all(certificate)), keys.load(key))


def _judge(handshake: Handshake) -> Seen:
    if handshake.outcome is Outcome.SERVED:
        words = "it lets the canary in, so it still holds former anchors, or none"
        return Seen(Verdict.FORMER, words, _RESTART)
    if handshake.outcome is not Outcome.REFUSED:
        return Seen(Verdict.UNCLEAR, handshake.outcome.value, _PROBE)
    if handshake.alert in REVOKED and handshake.negotiated.chain:
        return Seen(Verdict.PROVEN, "it serves its newest certificate, and refuses the canary")
    if handshake.alert in {UNKNOWN_CA, DECRYPT_ERROR}:
        return Seen(Verdict.FORMER, "it does not know the newest authority, so it still holds former anchors", _RESTART)
    return Seen(Verdict.UNCLEAR, f"it refuses the canary for another reason: {describe(handshake.alert)}", _PROBE)


def _record(home: Home, name: str, number: int, serial: str, now: datetime) -> None:
    with home.ledger.transaction():
        daemon = home.ledger.daemon(name)
        if daemon and (daemon.proven, daemon.serving) != (number, serial):
            home.ledger.put_daemon(replace(daemon, proven=number, serving=serial))
            home.record("daemon check", name, now, anchors=number, serial=serial)
