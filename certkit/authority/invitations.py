"""Codes to enroll with over the network: made, listed and cancelled."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from certkit.authority import batches, issuance, lookup, server_identity
from certkit.authority.batches import Skipped, Wanted
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.earthly import selection
from certkit.earthly.clients import unknown
from certkit.enroll import codes
from certkit.errors import CertkitError, InvalidError, MissingError, RefusedError
from certkit.ledger import interface as ledger
from certkit.pki import names

MOST_USES = 1000
LONGEST = timedelta(days=30)
"""Who finds a code in an old chat must find nothing."""
_IDENTIFIED = 8
"""Digits of a digest by which people name a code."""


class State(StrEnum):
    """Whether a code is good."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class DeadCodeError(RefusedError):
    """A code was good once: `state` among its fields says what it is now."""

    code = "code-dead"


@dataclass(frozen=True)
class CodeState:
    """A code as the ledger knows it, without its secret."""

    id: str
    person: str | None
    """Whom it invites; None for a daemon's host."""
    device: str | None
    client: str | None
    state: State
    created: datetime
    expires: datetime
    uses: int
    used: int
    daemon: str | None = None
    """Whose host it invites; None for a person."""


@dataclass(frozen=True)
class Invited:
    """Somebody who is to get a code: for which device and for which client, if that is said."""

    person: str
    device: str | None = None
    client: str | None = None


@dataclass(frozen=True)
class Invitation:
    """A code that was just made; nobody can show its secret again."""

    code: codes.Code = field(repr=False)
    state: CodeState


class Draft(NamedTuple):
    """A code that was made up, and lets nobody in before it is recorded."""

    code: codes.Code
    kept: ledger.Code


def invite(
    session: Session, person: str, device: str | None, *, life: timedelta, uses: int = 1, client: str | None = None
) -> Invitation:
    """Make a code for a person, who is recorded if new; each use of several enrolls a device of a name made up then.

    Raises MissingError if no server was started yet, RefusedError for somebody who is revoked, InvalidError for what
    makes no sense.
    """
    check_bounds(life, uses, device)
    with session.transaction():
        return _invite(session, Invited(person, device, client), life, uses)


def invite_listed(
    session: Session, wanted: Sequence[Invited], *, life: timedelta
) -> tuple[list[Invitation], tuple[Skipped, ...]]:
    """Make a code for everybody in a list who has no certificate that may build, all or none; raise as `invite` does.

    Who has one, or is revoked, is skipped, so that the same list can be given again, and a longer one.
    """
    check_bounds(life, 1, None)
    with session.transaction():
        judged = batches.judge_listed(session, [Wanted(each.person, each.device) for each in wanted])
        missing = [each for each, found in zip(wanted, judged, strict=True) if isinstance(found, Wanted)]
        made = [_invite(session, each, life, 1) for each in missing]
    return made, tuple(each for each in judged if isinstance(each, Skipped))


def hand_out(
    session: Session,
    look: batches.Look,
    plan: batches.Plan,
    drafts: Iterable[Draft],
    write: Callable[[Sequence[Invitation]], None],
) -> list[Invitation]:
    """Record codes, in one transaction, and have them written before it ends: what nobody has may not count as given.

    A code that is written and not recorded, as whoever is killed in between leaves them, lets nobody in. Raises as
    `batches.deliver` does.
    """
    with session.locked(), session.transaction():
        if look() != plan:
            raise batches.overtaken()
        made = [record(session, each) for each in drafts]
        write(made)
    return made


def withdraw(session: Session, made: Sequence[Invitation]) -> None:
    """Cancel codes that reached nobody."""
    with session.transaction():
        for each in made:
            session.ledger.cancel_code(codes.digest(each.code.secret), session.now)
            session.record("invite cancel", each.state.person or "", code=each.state.id)


def _invite(session: Session, wanted: Invited, life: timedelta, uses: int) -> Invitation:
    """Make and record a code; belongs into a transaction."""
    person, device, client = names.text(wanted.person, "person"), wanted.device, wanted.client
    if client is not None and client not in selection.NAMES:
        raise unknown(client, selection.NAMES)
    device = names.text(device, "device") if device else None if uses > 1 else issuance.new_device_name(session, person)
    draft = drafting(session, life, uses=uses, client=client)
    return record(session, draft(person, device))


def drafting(
    session: Session, life: timedelta, *, uses: int = 1, client: str | None = None, daemon: str | None = None
) -> Callable[[str | None, str | None], Draft]:
    """Return what makes codes up, each for a person's device, or for nobody's if they are for the host of a `daemon`.

    Raises MissingError if there is no server.
    """
    server, pin = server_identity.address(session), server_identity.pin(session)

    def draft(person: str | None, device: str | None) -> Draft:
        secret = codes.new_secret()
        kept = ledger.Code(
            digest=codes.digest(secret),
            person=person,
            device=device,
            client=client or "",
            created=session.now,
            expires=session.now + life,
            uses=uses,
            left=uses,
            daemon=daemon,
        )
        return Draft(codes.Code(server, pin, secret, is_for_host=daemon is not None), kept)

    return draft


def record(session: Session, draft: Draft) -> Invitation:
    """Record a code, and its person and device if they are new; belongs into a transaction.

    Raises RefusedError as `issuance.admit` does.
    """
    kept = draft.kept
    if kept.person:
        issuance.admit(session, kept.person, kept.device)
    session.ledger.add_code(kept)
    detail = {"device": kept.device} if kept.device else {}
    session.record("invite", kept.person or kept.daemon or "", code=identify(kept), **detail)
    return Invitation(draft.code, state_of(session, kept))


def listed(view: View) -> list[CodeState]:
    """Return the codes that have not expired, and those that expired within the last day, oldest first."""
    return [state_of(view, each) for each in view.ledger.codes(unexpired_at=view.now - timedelta(days=1))]


def open_codes(view: View) -> list[CodeState]:
    """Return the codes that can be used."""
    return [each for each in listed(view) if each.state is State.OPEN]


def is_open(view: View, text: str) -> bool:
    """Tell whether a text is a code of this team's that can be used."""
    try:
        code = view.ledger.code(codes.digest(codes.parse(text).secret))
    except CertkitError:
        return False
    return code is not None and _condition(view, code) is State.OPEN


def cancel(session: Session, which: str) -> list[CodeState]:
    """Cancel one code by its id, or all open codes of a person or of a daemon's host; return them.

    Raises MissingError if there is none, DeadCodeError for one that is no longer open.
    """
    found = _called(session, which)
    with session.transaction():
        for each in found:
            session.ledger.cancel_code(each.digest, session.now)
            session.record("invite cancel", each.person or each.daemon or "", code=identify(each))
    return [state_of(session, session.ledger.code(each.digest) or each) for each in found]


def check_open(view: View, code: ledger.Code) -> None:
    """Raise DeadCodeError for a code that is good no more."""
    state = _condition(view, code)
    if state is not State.OPEN:
        raise dead(code, state)


def dead(code: ledger.Code, state: State) -> DeadCodeError:
    """Return the error that says what a code is now."""
    words = {
        State.USED: "the code was used already",
        State.EXPIRED: f"the code expired on {code.expires:%Y-%m-%d %H:%M} UTC",
        State.CANCELLED: "the code was cancelled",
    }
    return DeadCodeError(words[state], "Ask for a new one.", code=f"code-{state}", state=state.value, id=identify(code))


def _condition(view: View, code: ledger.Code) -> State:
    restored = view.restored()
    if code.cancelled or (restored and code.created <= restored.at):  # it may have been used after the backup
        return State.CANCELLED
    if not code.left:
        return State.USED
    return State.OPEN if view.now < code.expires else State.EXPIRED


def state_of(view: View, code: ledger.Code) -> CodeState:
    """Return a code as people are told of it."""
    return CodeState(
        id=identify(code),
        person=code.person,
        device=code.device,
        client=code.client or None,
        state=_condition(view, code),
        created=code.created,
        expires=code.expires,
        uses=code.uses,
        used=code.uses - code.left,
        daemon=code.daemon,
    )


def _called(view: View, which: str) -> list[ledger.Code]:
    known = view.ledger.codes()
    found = [each for each in known if identify(each) == which.lower()]
    if found:
        check_open(view, found[0])
        return found
    person = lookup.person_called(view, which)
    found = [each for each in known if each.daemon == which or (person and each.person == person.name)]
    still_open = [each for each in found if _condition(view, each) is State.OPEN]
    if not still_open:
        raise MissingError(f"there is no open code {which!r}", code="code-missing", which=which)
    return still_open


def check_bounds(life: timedelta, uses: int, device: str | None) -> None:
    """Raise InvalidError for a code that nobody should have."""
    if not timedelta(minutes=1) <= life <= LONGEST:
        raise InvalidError(
            "a code lives a minute at least, and 30 days at most", "Choose another time.", code="code-life"
        )
    if not 0 < uses <= MOST_USES:
        raise InvalidError(f"a code can be used 1 to {MOST_USES} times", "Choose another number.", code="code-uses")
    if uses > 1 and device:
        raise InvalidError(
            "a device is one key made in one place, and this code is for several",
            "Let each use make up a name: name no device.",
            code="code-uses-of-one-device",
        )


def identify(code: ledger.Code) -> str:
    """Return the digits by which people name a code."""
    return code.digest[:_IDENTIFIED]
