"""Commands that more than one lead must want: proposed by one, and carried out when enough others agree."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from certkit.authority import leads
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.errors import MissingError, RefusedError
from certkit.ledger.interface import Proposal

LIFE = timedelta(days=1)
"""For how long a proposal waits: the team may be another one after that."""
_DIGITS = 4
"""Bytes of a proposal's name."""


@dataclass(frozen=True)
class ProposalState:
    """A proposal that waits."""

    id: str
    command: str
    person: str
    created: datetime
    expires: datetime
    needed: int
    agreed: tuple[str, ...]


def propose(session: Session, person: str, command: str, call: Mapping[str, Any], needed: int) -> ProposalState:
    """Record that a lead wants a command to be carried out, whose options and files are in `call`."""
    made = Proposal(
        secrets.token_hex(_DIGITS), person, session.now, session.now + LIFE, command, call, needed, (person,)
    )
    with session.transaction():
        session.ledger.put_proposal(made)
        session.record("propose", person, code=made.name, command=command)
    return _state(made)


def agree(session: Session, person: str, which: str) -> Proposal:
    """Record that a lead wants it, too; what is returned has ended if it is to be carried out now, by whoever called.

    Of any number that agree at once, one is told so. Raises as `find` does, RefusedError for whoever has agreed.
    """
    with session.transaction():
        found = find(session, which)
        former = tuple(each for each in found.agreed if leads.is_lead(session, each))
        if person in former:
            raise RefusedError(
                f"{person} wants it already, and {found.needed - len(former)} more must",
                "Another lead agrees to it.",
                code="proposal-own",
                id=found.name,
            )
        agreed = (*former, person)
        is_enough = len(agreed) >= found.needed
        found = found._replace(agreed=agreed, ended=session.now if is_enough else None)
        session.ledger.put_proposal(found)
        session.record("agree", found.person, code=found.name, command=found.command)
    return found


def withdraw(session: Session, which: str) -> ProposalState:
    """Let a proposal never be carried out; any lead may. Raises as `find` does."""
    with session.transaction():
        found = find(session, which)
        session.ledger.put_proposal(found._replace(ended=session.now))
        session.record("withdraw", found.person, code=found.name, command=found.command)
    return _state(found)


def find(view: View, which: str) -> Proposal:
    """Return a proposal that waits; raise MissingError if there is none of this name."""
    found = view.ledger.proposal(which)
    if found is None or found.ended or found.expires <= view.now:
        what = "no proposal" if found is None else "no proposal any more"
        raise MissingError(f"there is {what} called {which!r}", code="proposal-missing")
    return found


def states(view: View) -> list[ProposalState]:
    """Return the proposals that wait, oldest first."""
    return [_state(each) for each in view.ledger.proposals(unexpired_at=view.now)]


def _state(each: Proposal) -> ProposalState:
    return ProposalState(each.name, each.command, each.person, each.created, each.expires, each.needed, each.agreed)
