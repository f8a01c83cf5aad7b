"""Codes to enroll with over the network: made, listed, cancelled, and turned into certificates."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from cryptography.x509 import Certificate

from certkit.authority import issuance, lookup, server_identity, visits
from certkit.authority.issuance import Issued
from certkit.authority.revocation import Subject, admit
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.earthly import selection
from certkit.earthly.clients import unknown
from certkit.enroll import codes
from certkit.errors import CertkitError, InvalidError, MissingError, RefusedError
from certkit.ledger import interface as ledger
from certkit.pki import certificates, keys, names, requests

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


class UnknownCodeError(RefusedError):
    """There never was such a code."""

    code = "code-unknown"


@dataclass(frozen=True)
class CodeState:
    """A code as the ledger knows it, without its secret."""

    id: str
    person: str
    device: str | None
    client: str | None
    state: State
    created: datetime
    expires: datetime
    uses: int
    used: int


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
    person = names.text(person, "person")
    _check_bounds(life, uses, device)
    if client is not None and client not in selection.NAMES:
        raise unknown(client, selection.NAMES)
    device = names.text(device, "device") if device else None if uses > 1 else issuance.new_device_name()
    draft = drafting(session, life, uses=uses, client=client)
    with session.transaction():
        return record(session, draft(person, device))


def drafting(
    session: Session, life: timedelta, *, uses: int = 1, client: str | None = None
) -> Callable[[str, str | None], Draft]:
    """Return what makes a code up for a person's device, each for itself; raise MissingError if there is no server."""
    server, pin = server_identity.address(session), server_identity.pin(session)

    def draft(person: str, device: str | None) -> Draft:
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
        )
        return Draft(codes.Code(server, pin, secret), kept)

    return draft


def record(session: Session, draft: Draft) -> Invitation:
    """Record a code, and its person and device if they are new; belongs into a transaction.

    Raises RefusedError for somebody who is revoked.
    """
    kept = draft.kept
    issuance.refuse_revoked(session, kept.person, kept.device)
    admit(session, Subject(kept.person, kept.device))
    session.ledger.add_code(kept)
    session.record("invite", kept.person, code=_id(kept), **({"device": kept.device} if kept.device else {}))
    return Invitation(draft.code, _state(session, kept))


def listed(view: View) -> list[CodeState]:
    """Return the codes that have not expired, and those that expired within the last day, oldest first."""
    return [_state(view, each) for each in view.ledger.codes(unexpired_at=view.now - timedelta(days=1))]


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
    """Cancel one code by its id, or all open codes of a person; return them.

    Raises MissingError if there is none, DeadCodeError for one that is no longer open.
    """
    found = _called(session, which)
    with session.transaction():
        for each in found:
            session.ledger.cancel_code(each.digest, session.now)
            session.record("invite cancel", each.person, code=_id(each))
    return [_state(session, session.ledger.code(each.digest) or each) for each in found]


def redeem(session: Session, secret: bytes, request: bytes) -> Issued:
    """Answer a CSR that came with the secret of a code, which enrolls one device for each of its uses.

    The same key with the same code gets the same certificate: an answer that was lost is no use lost.

    Raises UnknownCodeError and DeadCodeError for a code that is not good, else as `issuance.sign` does.
    """
    public_key = requests.read(request)
    pin = keys.public_pin(public_key).hex()
    code = find(session, secret)
    again = _answered_before(session, code, pin)
    if again:
        return again
    _check_open(session, code)
    device = code.device or issuance.new_device_name()

    def take(certificate: Certificate) -> None:
        _check_open(session, session.ledger.code(code.digest) or code)
        use = ledger.CodeUse(session.now, pin, certificates.serial_text(certificate.serial_number))
        if not session.ledger.take_use(code.digest, use):
            raise _dead(code, State.USED)
        visits.note(session, code.person, device)

    try:
        return issuance.certify(session, code.person, device, public_key, take)
    except DeadCodeError:  # by another process, which may have had the same request
        again = _answered_before(session, code, pin)
        if again:
            return again
        raise


def find(view: View, secret: bytes) -> ledger.Code:
    """Find a code by its secret; raise UnknownCodeError if there is none."""
    code = view.ledger.code(codes.digest(secret))
    if code is None:
        raise UnknownCodeError("there is no such code")
    return code


def _answered_before(session: Session, code: ledger.Code, pin: str) -> Issued | None:
    for use in session.ledger.uses_of_code(code.digest):
        kept = session.ledger.certificate(use.serial) if use.pin == pin else None
        if kept and kept.person and kept.device and kept.not_after > session.now:
            return issuance.answer_again(session, kept.person, kept.device, certificates.load(kept.der))
    return None


def _check_open(view: View, code: ledger.Code) -> None:
    state = _condition(view, code)
    if state is not State.OPEN:
        raise _dead(code, state)


def _dead(code: ledger.Code, state: State) -> DeadCodeError:
    words = {
        State.USED: "the code was used already",
        State.EXPIRED: f"the code expired on {code.expires:%Y-%m-%d %H:%M} UTC",
        State.CANCELLED: "the code was cancelled",
    }
    return DeadCodeError(words[state], "Ask for a new one.", code=f"code-{state}", state=state.value, id=_id(code))


def _condition(view: View, code: ledger.Code) -> State:
    restored = view.restored()
    if code.cancelled or (restored and code.created <= restored.at):  # it may have been used after the backup
        return State.CANCELLED
    if not code.left:
        return State.USED
    return State.OPEN if view.now < code.expires else State.EXPIRED


def _state(view: View, code: ledger.Code) -> CodeState:
    return CodeState(
        id=_id(code),
        person=code.person,
        device=code.device,
        client=code.client or None,
        state=_condition(view, code),
        created=code.created,
        expires=code.expires,
        uses=code.uses,
        used=code.uses - code.left,
    )


def _called(view: View, which: str) -> list[ledger.Code]:
    known = view.ledger.codes()
    found = [each for each in known if _id(each) == which.lower()]
    if found:
        _check_open(view, found[0])
        return found
    person = lookup.person_called(view, which)
    found = [each for each in known if person and each.person == person.name]
    still_open = [each for each in found if _condition(view, each) is State.OPEN]
    if not still_open:
        raise MissingError(f"there is no open code {which!r}", code="code-missing", which=which)
    return still_open


def _check_bounds(life: timedelta, uses: int, device: str | None) -> None:
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


def _id(code: ledger.Code) -> str:
    return code.digest[:_IDENTIFIED]
