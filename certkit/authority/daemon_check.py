"""See what a daemon holds: who gets in, which authorities it lists, which certificate it serves, at each address.

What was seen is judged by a pure function of the probe's report and of what the newest publication makes it show.
"""

import time
from collections.abc import Callable
from datetime import datetime

from certkit.authority import canaries, daemons, host_sync
from certkit.authority.daemon_verdict import CheckResult, Expected, Proof, Verdict, judge, proof
from certkit.authority.passphrase import PassphraseError
from certkit.authority.publication import label_of, published
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.earthly import address
from certkit.errors import MalformedError
from certkit.ledger.interface import Daemon
from certkit.pki import certificates, der
from certkit.probe import Pair, Target, run
from certkit.trust import label
from certkit.trust.canary import Canary
from certkit.trust.label import Label

LOOKS = 3
"""How often a daemon must prove itself in a row: behind one address there may be several, of which one is former."""
_PAUSE = 0.5
"""Seconds between two checks while waiting."""


def check_until(look: Callable[[], CheckResult], wait: float) -> CheckResult:
    """Look until a daemon is proven, waiting cannot help, or `wait` seconds have passed."""
    end = time.monotonic() + wait
    while True:
        result = look()
        if result.verdict is Verdict.PROVEN or not result.may_change or time.monotonic() >= end:
            return result
        time.sleep(_PAUSE)


def check(session: Session, daemon: Daemon, timeout: float) -> CheckResult:
    """Look at a daemon LOOKS times, or until it is not proven, and record what is proven.

    Each step over the network takes `timeout` seconds at most.
    """
    expected, canary, control = _expected(session, daemon), canaries.kept(session), _control(session)
    target = Target(daemon.url, "the ledger", authorities=session.trusted("server"))
    for _ in range(LOOKS):
        report = run(target, {}, session.now, timeout=timeout, canary=_pair(canary), control=_pair(control))
        result = judge(report, expected)
        if result.verdict is not Verdict.PROVEN:
            break
    _record(session, daemon.name, proof(result), is_open=result.verdict is Verdict.OPEN)
    return result


def knowledge_of(view: View, url: str) -> tuple[Pair | None, tuple[bytes, ...] | None]:
    """Return what a team's home adds to a probe of the daemon at a URL: the canary, and what the daemon must list.

    Neither, if no daemon of the team is there; and what is not published yet is nothing that a daemon must hold.
    """
    try:
        wanted = address.parse(url)
    except MalformedError:
        return None, None
    daemon = next((each for each in view.ledger.daemons() if each.url == wanted.url), None)
    if daemon is None:
        return None, None
    return _pair(canaries.kept(view)), (*map(der.subject, published(view)), *_beside(daemon))


def _beside(daemon: Daemon) -> tuple[bytes, ...]:
    """Return what a daemon lists beside the publication: where its host syncs, the name by which that looks at it."""
    return (host_sync.subject(daemon),) if daemon.sync else ()


def _record(session: Session, name: str, proven: Proof, *, is_open: bool) -> None:
    """Record what a daemon is proven to hold, or that it is open to everybody; what is no longer so is taken back."""
    with session.transaction():
        daemon = session.ledger.daemon(name)
        known = daemon and (daemon.proven, daemon.serving, daemons.was_open(session, daemon))
        if daemon and known != (proven.anchors, proven.serving, is_open):
            is_same = proven.anchors == daemon.proven and daemon.proven_at is not None
            at = daemon.proven_at if is_same else session.now if proven.anchors else None
            session.ledger.put_daemon(daemon._replace(proven=proven.anchors, serving=proven.serving, proven_at=at))
            opened = {"open": True} if is_open else {}
            session.record("daemon check", name, anchors=proven.anchors, serial=proven.serving, **opened)


def _expected(view: View, daemon: Daemon) -> Expected:
    """Return what a daemon with the newest files shows."""
    *anchors, newest_label = published(view)
    served = view.served_certificate(daemon)
    end = served.not_valid_after_utc if served else view.now
    return Expected(
        anchors=view.newest_number(),
        authorities=(*map(der.subject, anchors), *_beside(daemon)),
        certificate=certificates.to_der(served) if served else b"",
        daemon_given=lambda serial: _given(view, serial),
        label=der.subject(newest_label),
        serials=frozenset(each.serial for each in view.ledger.certificates("daemon", daemon=daemon.name)),
        read_label=_read_label,
        expired=end if served and end <= view.now else None,
        replaced_at=lambda found: _replaced_at(view, found),
    )


def _given(view: View, serial: str) -> str | None:
    """Return which daemon a certificate was given to; None if it is none of the team's."""
    known = view.ledger.certificate(serial)
    return known.daemon if known else None


def _read_label(name: bytes) -> Label | None:
    try:
        return label.parse(der.name(name))
    except ValueError:  # a daemon may list anything
        return None


def _replaced_at(view: View, found: Label) -> datetime | None:
    """Return when a former publication of this very home was replaced; None if it is not this home's."""
    own, next_one = view.ledger.anchors(found.number), view.ledger.anchors(found.number + 1)
    return next_one.created if own and next_one and label_of(own) == found else None


def _control(session: Session) -> Canary | None:
    """Return a control certificate; None where the authority cannot sign now, or not without asking."""
    newest = session.newest_anchors().generations[-1]
    if session.now < session.certificate("client", newest).not_valid_before_utc:
        return None
    if session.is_encrypted("client") and not session.settings.has_passphrase_source:
        return None
    try:
        return canaries.control(session)
    except PassphraseError:  # it is not where the settings say, so somebody would have to be asked after all
        return None


def _pair(canary: Canary | None) -> Pair | None:
    return Pair((canary.certificate,), canary.key) if canary else None
