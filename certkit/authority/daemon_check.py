"""See what a daemon holds: it refuses the newest anchors' canary, or it serves a former one's files."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from certkit.authority import canaries
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.earthly import address
from certkit.errors import MalformedError
from certkit.ledger.interface import Daemon
from certkit.pki import certificates
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


def check_until(look: Callable[[], Seen], wait: float) -> Seen:
    """Look until it is proven or `wait` seconds have passed."""
    end = time.monotonic() + wait
    while True:
        seen = look()
        if seen.verdict is Verdict.PROVEN or time.monotonic() >= end:
            return seen
        time.sleep(_PAUSE)


def check(session: Session, daemon: Daemon, timeout: float) -> Seen:
    """Look at a daemon within `timeout` seconds, and record what it was seen to hold."""
    number = session.newest_anchors().number
    pair = _canary(session)
    if pair is None:
        raise AssertionError("a change finishes what is unfinished first, a lost canary too")
    found = network.observe(address.parse(daemon.url), timeout)
    if found.endpoint is None:
        return Seen(Verdict.UNCLEAR, found.unresolved or f"nobody answers at {daemon.url}", _START)
    trust = Trust(session.trusted("server"), session.now)
    handshake = attempt_handshake(found.endpoint, Caller(found.address.host, pair, trust), timeout, found.connection)
    if handshake.connection:
        handshake.connection.close()
    seen = _judge(handshake)
    if seen.verdict is not Verdict.PROVEN:
        return seen
    chain, newest = handshake.negotiated.chain, session.served_certificate(daemon.name)
    _record(session, daemon.name, number, certificates.serial_text(chain[0].serial_number))
    if chain[0] == newest:
        return seen
    words = (
        f"it refuses the canary, but serves a former certificate, which expires {chain[0].not_valid_after_utc.date()}"
    )
    return Seen(Verdict.FORMER, words, _RESTART)


def canary_for(view: View, url: str) -> Pair | None:
    """Give the canary to be shown to the daemon at a URL; None if no daemon of the team is there."""
    try:
        wanted = address.parse(url)
    except MalformedError:
        return None
    urls = {daemon.url for daemon in view.ledger.daemons()}
    return _canary(view) if wanted.url in urls else None


def _canary(view: View) -> Pair | None:
    found = canaries.kept(view)
    return Pair((found.certificate,), found.key) if found else None


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


def _record(session: Session, name: str, number: int, serial: str) -> None:
    with session.transaction():
        daemon = session.ledger.daemon(name)
        if daemon and (daemon.proven, daemon.serving) != (number, serial):
            session.ledger.put_daemon(replace(daemon, proven=number, serving=serial))
            session.record("daemon check", name, anchors=number, serial=serial)
