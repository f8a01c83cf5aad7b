"""Certificates for many at once: all prepared first, recorded in one transaction, and only then delivered.

Whoever is killed behind the transaction leaves certificates recorded that nobody has been given. The ledger keeps which
those may be, and the next run issues for the same devices again.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from certkit.authority import issuance, moves, undelivered
from certkit.authority.issuance import Issued
from certkit.authority.overview import FORGOTTEN, DeviceState, State, device_states
from certkit.authority.revocation import Subject, admit
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.enroll.bundle import seal
from certkit.errors import CertkitError, RefusedError
from certkit.pki import diceware
from certkit.pki.certificates import NOTICE, serial_text

Look = Callable[[], "Plan"]
"""What finds out anew what is planned, to see whether it is still so."""


class Why(StrEnum):
    """Why somebody gets no bundle."""

    HAS_CERTIFICATE = "has-certificate"
    REVOKED = "revoked"
    EXPIRED_LONG_AGO = "expired-long-ago"


@dataclass(frozen=True)
class Wanted:
    """For whom a bundle is wanted; without a device, for a new one of theirs unless they have one that may build."""

    person: str
    device: str | None = None


@dataclass(frozen=True)
class Skipped:
    """Who gets no bundle and why; `expires` is the end of the certificate that they have."""

    person: str
    device: str | None
    why: Why
    expires: datetime | None


@dataclass(frozen=True)
class Plan:
    """For whom there is something to do, and who is left out."""

    missing: tuple[Wanted, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True)
class Prepared:
    """A bundle, sealed and ready, of which nothing may leave before its certificate is recorded."""

    draft: issuance.Draft
    issued: Issued
    passphrase: str | None = field(repr=False)
    content: bytes = field(repr=False)


def settle(session: Session, is_there: Callable[[str, str], bool]) -> None:
    """Note what an interrupted run has delivered all the same: `is_there` tells it of a person's device.

    Hold the home's lock, so that no other run is just at it.
    """
    kept = set(undelivered.serials(session))
    states = device_states(session) if kept else []
    delivered = [str(each.serial) for each in states if each.serial in kept and is_there(each.person, each.device)]
    if delivered:
        with session.transaction():
            undelivered.keep(session, removed=delivered)


def plan_listed(view: View, wanted: Sequence[Wanted]) -> Plan:
    """Find out who of a list has no certificate that is valid and was delivered."""
    return _plan(judge_listed(view, wanted))


def judge_listed(view: View, wanted: Sequence[Wanted]) -> list[Wanted | Skipped]:
    """Find out the same, of each in the list's order."""
    lost, named = set(undelivered.serials(view)), {(each.person, each.device) for each in wanted}
    devices: dict[str, list[DeviceState]] = {}
    for state in device_states(view):
        devices.setdefault(state.person, []).append(state)
    out = {each.name for each in view.ledger.people() if each.revoked}
    plans: list[Wanted | Skipped] = []
    for each in wanted:
        own = [state for state in devices.get(each.person, ()) if _would_do(state, each, named)]
        is_out = each.person in out
        plans.append(Skipped(each.person, each.device, Why.REVOKED, None) if is_out else _of_one(each, own, lost))
    return plans


def plan_expiring(view: View) -> Plan:
    """Find out which devices need another certificate soon, or since not too long ago, or were not given theirs.

    Those that renew by themselves are left out: their next one comes from the server.
    """
    lost = set(undelivered.serials(view))
    plans: list[Wanted | Skipped] = []
    for each in device_states(view):
        is_revoked = each.state is State.REVOKED
        if each.expires is None or each.renews_by or not (each.attention or is_revoked or each.serial in lost):
            continue
        if is_revoked and each.expires - view.now >= NOTICE:
            continue
        is_gone = each.expires + FORGOTTEN < view.now
        if is_revoked:
            plans += [] if is_gone else [_skipped(each, Why.REVOKED)]
        else:
            plans.append(_skipped(each, Why.EXPIRED_LONG_AGO) if is_gone else Wanted(each.person, each.device))
    return _plan(plans)


def plan_moved(view: View) -> Plan:
    """Find out which devices have a former URL of a daemon and no server that tells them, or not their bundle."""
    lost = set(undelivered.serials(view))
    found = {
        (e.person, e.device) for daemon in view.ledger.daemons() for e in moves.outdated(view, daemon) if not e.renews
    }
    states = (state for state in device_states(view) if state.state is State.VALID)
    return _plan([Wanted(e.person, e.device) for e in states if (e.person, e.device) in found or e.serial in lost])


def obstacles(session: Session, wanted: Sequence[Wanted]) -> dict[int, CertkitError]:
    """Return why some of a list cannot be recorded beside those that are there, or each other, by their places.

    It is tried, and undone.
    """
    found: dict[int, CertkitError] = {}
    with contextlib.suppress(_UndoneError), session.transaction():
        for place, each in enumerate(wanted):
            try:
                admit(session, Subject(each.person, each.device))
            except RefusedError as error:
                found[place] = error
        raise _UndoneError
    return found


def prepare(session: Session, missing: Iterable[Wanted], *, encrypted: bool) -> Iterator[Prepared]:
    """Make the bundles one after the other, each under a passphrase of its own if `encrypted`; nothing is recorded."""
    sign_for, terms = issuance.signing(session), issuance.terms(session)
    for each in missing:
        draft = issuance.draft(session, sign_for, each.person, each.device)
        issued = issuance.issued_of(session.team, draft, terms)
        passphrase = diceware.generate() if encrypted else None
        yield Prepared(draft, issued, passphrase, seal(issued.bundle, passphrase, is_drawn=True))


def deliver(
    session: Session,
    look: Look,
    plan: Plan,
    prepared: Sequence[Prepared],
    write: Callable[[Sequence[Prepared]], None],
) -> None:
    """Record all that is prepared, in one transaction, then have it written.

    Raises RefusedError if what is planned is no longer what `look` finds, or bundles are no longer what they should be;
    CertkitError if not all of it could be written.
    """
    serials = [serial_text(each.issued.certificate.serial_number) for each in prepared]
    with session.locked():
        with session.transaction():
            terms = issuance.terms(session)
            if look() != plan or any(
                issuance.record(session, each.draft, terms).bundle != each.issued.bundle for each in prepared
            ):
                raise overtaken()
            undelivered.keep(session, added=serials)
        try:
            write(prepared)
        except CertkitError as error:
            raise CertkitError(f"not all bundles are written: {error.message}", code="bundles-not-written") from error
        with session.transaction():
            undelivered.keep(session, removed=serials)


def overtaken() -> RefusedError:
    """Return what is raised if what was planned is no longer so."""
    return RefusedError(
        "another command has just changed what is to be issued", "Run it again.", code="batch-overtaken"
    )


class _UndoneError(Exception):
    """Ends a transaction that was only a trial."""


def _would_do(state: DeviceState, wanted: Wanted, named: set[tuple[str, str | None]]) -> bool:
    """Tell whether a person's device is what is wanted: the very one, or any that is not wanted by its name."""
    return state.device == wanted.device if wanted.device else (state.person, state.device) not in named


def _of_one(wanted: Wanted, own: Sequence[DeviceState], lost: set[str]) -> Wanted | Skipped:
    """Decide about somebody by those of their devices that would do."""
    for each in own:
        if each.state is State.VALID and each.serial not in lost:
            return _skipped(each, Why.HAS_CERTIFICATE)
    if wanted.device:
        revoked = next((each for each in own if each.state is State.REVOKED), None)
        return _skipped(revoked, Why.REVOKED) if revoked else wanted
    again = next((each.device for each in own if each.state is State.VALID), None)
    return Wanted(wanted.person, again)


def _plan(found: Sequence[Wanted | Skipped]) -> Plan:
    missing = tuple(each for each in found if isinstance(each, Wanted))
    return Plan(missing, tuple(each for each in found if isinstance(each, Skipped)))


def _skipped(state: DeviceState, why: Why) -> Skipped:
    return Skipped(state.person, state.device, why, state.expires)
