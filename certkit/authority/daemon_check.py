"""See what a daemon holds: who gets in, which authorities it lists, which certificate it serves, at each address.

What was seen is judged by a pure function of the probe's report and of what the newest publication would make it show.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from certkit.authority.daemon_verdict import CheckResult, Expected, Proof, Verdict, judge, proof
from certkit.authority.home import Home
from certkit.authority.publication import canary_pair, newest_anchors, served_certificate
from certkit.earthly import address
from certkit.errors import MalformedError
from certkit.ledger.interface import Daemon
from certkit.pki import certificates, keys
from certkit.probe import Pair, Target, run

LOOKS = 3
"""How often a daemon must prove itself in a row: behind one address there may be several, of which one is former."""
CONTROL_LIFE = timedelta(minutes=10)
_CONTROL = "control.canary.internal"
"""Beside the canaries' own names, and below none that was ever excluded."""
_PAUSE = 0.5
"""Seconds between two checks while waiting."""


@dataclass(frozen=True)
class Callers:
    """Who calls beside the strangers without a valid certificate."""

    canary: Pair
    control: Pair | None
    """None where the authority cannot sign without asking for a passphrase."""


def check_until(home: Home, daemon: Daemon, clock: Callable[[], datetime], timeout: float, wait: float) -> CheckResult:
    """Check until it is proven or `wait` seconds have passed, and record what is proven; one look takes `timeout`."""
    end = time.monotonic() + wait
    while True:
        now = clock()
        result = check(home, daemon, now, timeout)
        if result.verdict is Verdict.PROVEN or time.monotonic() >= end:
            record(home, daemon.name, proof(result), now)
            return result
        time.sleep(_PAUSE)


def check(home: Home, daemon: Daemon, now: datetime, timeout: float) -> CheckResult:
    """Look at a daemon LOOKS times, or until it is not proven; each step over the network takes `timeout` seconds."""
    expected, callers = _expected(home, daemon), _callers(home, now)
    target = Target(daemon.url, "the ledger", authorities=home.trusted("server"))
    for _ in range(LOOKS):
        report = run(target, {}, now, timeout=timeout, canary=callers.canary, control=callers.control)
        result = judge(report, expected)
        if result.verdict is not Verdict.PROVEN:
            break
    return result


def record(home: Home, name: str, proven: Proof, now: datetime) -> None:
    """Record what a daemon is proven to hold; what it was proven to hold before, and is not now, is taken back."""
    with home.ledger.transaction():
        daemon = home.ledger.daemon(name)
        if daemon and (daemon.proven, daemon.serving) != (proven.anchors, proven.serving):
            home.ledger.put_daemon(replace(daemon, proven=proven.anchors, serving=proven.serving))
            home.record("daemon check", name, now, anchors=proven.anchors, serial=proven.serving)


def canary_for(home: Home, url: str, now: datetime) -> Pair | None:
    """Return the canary to be shown to the daemon at a URL; None if no daemon of the team is there."""
    try:
        wanted = address.parse(url)
    except MalformedError:
        return None
    urls = {daemon.url for daemon in home.ledger.daemons()}
    return _canary(home, now) if wanted.url in urls else None


def _expected(home: Home, daemon: Daemon) -> Expected:
    """Return what a daemon with the newest files shows: the only place that knows how a publication looks."""
    newest = newest_anchors(home)
    served = served_certificate(home, daemon.name)
    return Expected(
        anchors=newest.number,
        authorities=tuple(home.certificate("client", each).subject.public_bytes() for each in newest.generations),
        certificate=certificates.to_der(served) if served else b"",
        serials=frozenset(each.serial for each in home.ledger.certificates("daemon", daemon=daemon.name)),
    )


def _callers(home: Home, now: datetime) -> Callers:
    canary = _canary(home, now)
    return Callers(canary, None if home.is_encrypted("client") else _control(home, canary, now))


def _canary(home: Home, now: datetime) -> Pair:
    certificate, key = canary_pair(home, now)
    return Pair(tuple(certificates.load_all(certificate)), keys.load(key))


def _control(home: Home, canary: Pair, now: datetime) -> Pair:
    """Make the canary's like with a name that is not excluded: it lives minutes, and in memory only."""
    authority = home.authority("client", newest_anchors(home).generations[-1])
    start = canary.chain[0].not_valid_before_utc + certificates.BACKDATED
    key = keys.generate("p256")
    certificate = certificates.device(
        authority,
        key.public_key(),
        person="control",
        dns_name=_CONTROL,
        now=start,
        life=now + CONTROL_LIFE - start,
    )
    return Pair((certificate,), key)
