"""Ask, before somebody is let in, where a name may mean somebody else: a slip of the keyboard, or a namesake."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Literal

from certkit.authority import lookup
from certkit.authority.revocation import Subject, revocation
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.cli.support.output import tell
from certkit.cli.support.questions import can_ask, confirmed
from certkit.errors import RefusedError
from certkit.pki import names

Done = Literal["issued", "made"]
"""What is about to be done: certificates are issued, codes made."""
_UNDO: Mapping[Done, str] = {
    "issued": "certkit revoke {person} --reason replaced",
    "made": "certkit invite cancel {person}",
}


def settle(
    session: Session, person: str, device: str | None, done: Done = "issued", *, can_answer: bool = True
) -> list[str]:
    """Ask whose a name is where that is not certain; raise RefusedError unless it is confirmed.

    Where nobody can answer, as in a script, a name that may be mistyped is no obstacle: return what to tell of it once
    all is done. Raises as whatever records them for names that would be refused in any case: nobody is asked of those.
    """
    person, device = names.text(person, "person"), names.text(device, "device") if device else None
    known = lookup.person_called(session, person)
    if known is None:
        doubt, question = _slip(session, person), f"Is {person} somebody else"
    else:
        doubt, question = _namesake(session, known.name, device), "Is this a device more of the same person"
    if not doubt:
        return []
    _refuse(session, person, device)
    if not (can_answer and can_ask()):
        return [] if known else [doubt, *_undoing([person], done)]
    tell(doubt)
    _confirm(question, done, person)
    return []


def settle_listed(session: Session, people: Sequence[str], done: Done, *, can_answer: bool) -> list[str]:
    """Do the same for a list, of all that are new in it and may be mistyped, beside each other too, at once."""
    found = lookup.doubles(session, people)
    if not found:
        return []
    doubts = [_is_almost(person, others) for person, others in found.items()]
    if not (can_answer and can_ask()):
        return [*doubts, *_undoing([*found], done)]
    tell(*doubts)
    one = next(iter(found))
    _confirm(f"Is {one} somebody else" if len(found) == 1 else "Are all of them somebody else", done, one)
    return []


def _refuse(session: Session, person: str, device: str | None) -> None:
    """Raise what would come anyway, before anybody is asked."""
    from certkit.authority import batches  # loads much, and few names are in doubt

    for error in batches.obstacles(session, [batches.Wanted(person, device)]).values():
        raise error


def _confirm(question: str, done: Done, person: str) -> None:
    if not confirmed(f"{question}?"):
        raise RefusedError(
            f"nothing was {done}",
            "Give everybody a name of their own, such as an e-mail address.",
            code="person-not-confirmed",
            person=person,
        )


def _undoing(people: Sequence[str], done: Done) -> list[str]:
    return [
        "If that is one person, take it back:",
        *(f"  {_UNDO[done].format(person=shlex.quote(person))}" for person in people),
    ]


def _is_almost(person: str, others: Sequence[str]) -> str:
    return f"{person} is new, and almost the name of {', '.join(others)}."


def _slip(view: View, person: str) -> str:
    folded = names.folded(person)  # who has the very same is refused in any case
    similar = [each for each in lookup.almost(view, person) if names.folded(each) != folded]
    return _is_almost(person, similar) if similar else ""


def _namesake(view: View, person: str, device: str | None) -> str:
    devices = view.ledger.devices(person)
    if revocation(view, Subject(person)):  # which is told instead
        return ""
    if not devices or device in {each.name for each in devices}:
        return ""
    since = min(each.created for each in devices).date()
    return f"{person} is known since {since}, with {', '.join(each.name for each in devices)}."
