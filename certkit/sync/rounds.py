"""One round of a daemon's host: hear what is new, put the files there, have the daemon read them, prove it, say so.

Each step begins by looking at what is there. So whoever is killed at any moment leaves a host on which the next round
does what is left.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from certkit.enroll import online, renewal_time, server_trust
from certkit.errors import CertkitError, RefusedError
from certkit.pki import certificates, extensions, keys
from certkit.probe.activity import Activity
from certkit.sync import calls, folder, news, proof
from certkit.sync.folder import Files
from certkit.sync.news import News
from certkit.sync.place import Host, Pair, Place
from certkit.sync.proof import Held

Clock = Callable[[], datetime]

_START = 60.0
"""Seconds that a daemon has to show its new files after it was restarted."""
_PAUSE = 0.1
_COMMAND = 600
"""Seconds for a restart command: some let builds end before they return."""
_TOLD = 200
_IN_VAIN = "it was restarted, and does not show its newest files"


class Outcome(StrEnum):
    """What has become of the newest files, as the server understands it (`authority.host_sync.Outcome`)."""

    PROVEN = "proven"
    WAITING = "waiting"
    UNPROVEN = "unproven"
    FAILED = "failed"


@dataclass(frozen=True)
class Plan:
    """How the daemon is made to read its files: by which command, and how many seconds builds may hold that up."""

    command: str | None
    deadline: float


@dataclass(frozen=True)
class Result:
    """What a round came to."""

    held: Held
    outcome: Outcome
    error: CertkitError | None = None
    """Why it is not proven, where waiting is not all that is left."""
    activity: Activity = Activity.IDLE
    """While it waits: what the daemon says of its builds."""


def hear(place: Place, known: str, wait: float) -> tuple[News, str] | None:
    """Ask the server what is new, for up to `wait` seconds; return it with its tag, None if nothing is.

    Raises what `server_trust`, `est` and `news` do: RefusedError for a right that was revoked or news not to be
    believed, UnreachableError if nobody answers.
    """
    host = place.load()
    present = folder.certificate(folder.read(host.directory))
    serial = certificates.serial_text(present.serial_number) if present else ""
    with _connection(place, host) as connection:
        told = calls.news(connection, serial, known, wait)
    if told is None:
        return None
    content, tag = told
    found = news.read(content)
    news.check(found, host)
    return found, tag


def hold(place: Place, found: News, now: datetime, *, can_ask: bool) -> Held:
    """Put the newest files where the daemon reads them, with another certificate if it is to have one.

    While the server cannot be asked, what is there goes on for as long as it is good.
    """
    host = place.load()
    believed = host.authorities
    news.check(found, host)
    present = folder.read(host.directory)
    certificate = folder.certificate(present)
    if can_ask and now >= renewal_time.due(host.identity.certificate):
        host = _renewed(place, host)
    key = None
    if certificate is None or (can_ask and _is_due(certificate, found, now)):
        key = online.waiting_key(place.next_key)
        with _connection(place, host) as connection:
            certificate = calls.certificate(connection, key)
        _check(certificate, found, now)
    pem = keys.to_pem(key) if key else present.key if present else b""
    ca = found.anchors + certificates.to_pem(host.watcher.certificate)
    wanted = Files(ca, found.crl, certificates.to_pem(certificate), pem)
    is_there = wanted == present and folder.is_linked(host.directory)
    known = replace(
        host,
        url=found.url,
        server=found.server,
        authorities=found.authorities,
        number=found.label.number,
        digest=found.label.digest,
        since=host.since if is_there else host.since or now,
    )
    if known != host:
        place.save(known)  # first: what was seen once is never gone back on
    if not is_there:
        folder.write(host.directory, wanted)
    place.next_key.unlink(missing_ok=True)
    return Held(known, found, certificate, tuple({*believed, *found.authorities}))


def settle(place: Place, held: Held, plan: Plan, clock: Clock) -> Result:
    """Have the daemon read the files, if it has not, and nobody is disturbed by it or has disturbed for too long."""
    if proof.is_proven(held, clock()):
        return _proven(place, held)
    if held.host.since is None:  # it was seen to hold them once
        held = _known(place, held, since=clock())
    if plan.command is None:
        return _unproven(held, "there is no command to restart it", "no-restart-command")
    if held.host.restarted == held.mark:
        return _unproven(held, _IN_VAIN, "restart-in-vain")
    doing = Activity.IDLE if held.news.spares_builds else proof.building(held, clock())
    if doing in {Activity.BUILDING, Activity.UNKNOWN} and _waited(held, clock()) < plan.deadline:
        return Result(held, Outcome.WAITING, activity=doing)
    try:
        _run(plan.command)
    except CertkitError as error:
        return Result(held, Outcome.FAILED, error)
    return _seen_to_start(place, _known(place, held, restarted=held.mark), clock)


def _seen_to_start(place: Place, held: Held, clock: Clock) -> Result:
    end = time.monotonic() + _START
    while not proof.is_proven(held, clock()):
        if time.monotonic() > end:
            return _unproven(held, _IN_VAIN, "restart-in-vain")
        time.sleep(_PAUSE)
    return _proven(place, held)


def _proven(place: Place, held: Held) -> Result:
    return Result(held if held.host.since is None else _known(place, held, since=None), Outcome.PROVEN)


def _known(place: Place, held: Held, **changes: object) -> Held:
    """Keep what is known from now on."""
    host = replace(held.host, **changes)  # type: ignore[arg-type]  # the fields' own
    place.save(host)
    return replace(held, host=host)


def report(place: Place, held: Held, outcome: Outcome, reason: str = "") -> None:
    """Tell the server what has become of the files."""
    said = {"outcome": outcome.value, "anchors": held.news.label.number, "serial": held.serial, "reason": reason}
    with _connection(place, replace(held.host, authorities=held.believed)) as connection:
        calls.report(connection, said)


def _run(command: str) -> None:
    """Run a shell's command line; raise CertkitError, with its own last line, if it fails."""
    try:
        done = subprocess.run(  # noqa: S602  it is a line that the operator of this host has written
            command, shell=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        why = f"it did not end within {_COMMAND} s" if isinstance(error, subprocess.TimeoutExpired) else str(error)
    else:
        if done.returncode == 0:
            return
        words = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        why = words[-1][:_TOLD] if words else f"it ended with {done.returncode}"
    raise CertkitError(f"the restart command failed: {why}", code="restart-failed", command=command)


def _waited(held: Held, now: datetime) -> float:
    """Return for how many seconds the files have been there; a clock that was put back ends no waiting."""
    return (now - held.host.since).total_seconds() if held.host.since else 0.0


def _unproven(held: Held, why: str, code: str) -> Result:
    error = RefusedError(f"{held.host.daemon} is not proven to hold its newest files: {why}", code=code)
    error.fields["directory"] = held.host.directory
    return Result(held, Outcome.UNPROVEN, error)


def _renewed(place: Place, host: Host) -> Host:
    """Get the next identity, for a new key, and keep it."""
    key = online.waiting_key(place.next_identity)
    with _connection(place, host) as connection:
        renewed = replace(host, identity=Pair(calls.identity(connection, key), key))
    place.save(renewed)
    place.next_identity.unlink(missing_ok=True)
    return renewed


def _is_due(certificate: x509.Certificate, found: News, now: datetime) -> bool:
    """Tell whether the daemon is to have another certificate than this one."""
    try:
        _check(certificate, found, now)
    except RefusedError:
        return True
    return found.renew or now >= renewal_time.due(certificate)


def _check(certificate: x509.Certificate, found: News, now: datetime) -> None:
    """Raise RefusedError for a certificate that would let no laptop build."""
    if not any(certificates.has_signed(each, certificate) for each in found.authorities):
        raise RefusedError("the daemon's certificate is none of the team's", code="news-of-another")
    if not extensions.hosts(certificate):
        raise RefusedError("the daemon's certificate names no host", code="news-of-another")
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= now < end:
        raise RefusedError(
            f"the daemon's certificate is valid from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, and here it "
            f"is {now:%Y-%m-%d %H:%M}",
            code="host-clock",
        )


@contextmanager
def _connection(place: Place, host: Host) -> Iterator[calls.Connection]:
    with server_trust.connection(host.server, host.authorities, place.shown()) as connection:
        yield connection
