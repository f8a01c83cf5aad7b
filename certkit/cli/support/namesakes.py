"""Ask, before somebody is let in, where a name may mean somebody else: a slip of the keyboard, or a namesake."""

import shlex

from certkit.authority import lookup
from certkit.authority.revocation import Subject, revocation
from certkit.authority.view import View
from certkit.cli.support.output import tell
from certkit.errors import RefusedError
from certkit.pki import names


def settle(view: View, person: str, device: str | None, *, can_answer: bool = True) -> None:
    """Ask whose a name is where that is not certain; raise RefusedError unless it is confirmed.

    Where nobody can answer, as in a script, a name that may be mistyped is told, and the command goes on.
    """
    known = lookup.person_called(view, person)
    if known is None:
        doubt, question = _slip(view, person), f"Is {person} somebody else"
    else:
        doubt, question = _namesake(view, known.name, device), "Is this a device more of the same person"
    if not doubt:
        return
    from certkit.cli.support.questions import can_ask, confirmed  # few names are in doubt

    if not (can_answer and can_ask()):
        if known is None:
            undo = f"certkit revoke {shlex.quote(person)} --reason replaced"
            tell(doubt, "If that is one person, take it back:", f"  {undo}")
        return
    tell(doubt)
    if not confirmed(f"{question}?"):
        raise RefusedError(
            "nothing was issued",
            "Give everybody a name of their own, such as an e-mail address.",
            code="person-not-confirmed",
            person=person,
        )


def _slip(view: View, person: str) -> str:
    alike = dict.fromkeys([*lookup.namesakes(view, person), *lookup.one_slip_away(view, person)])
    similar = [each for each in alike if names.folded(each) != names.folded(person)]  # which is refused in any case
    return f"{person} is new, and almost the name of {', '.join(similar)}." if similar else ""


def _namesake(view: View, person: str, device: str | None) -> str:
    devices = view.ledger.devices(person)
    if revocation(view, Subject(person)):  # which is told instead
        return ""
    if not devices or device in {each.name for each in devices}:
        return ""
    since = min(each.created for each in devices).date()
    return f"{person} is known since {since}, with {', '.join(each.name for each in devices)}."
