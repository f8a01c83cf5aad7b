"""What a lead may not do alone, over the network, where the team wants several leads for something (`approvals`)."""

from collections.abc import Mapping

from certkit.authority.session import Session
from certkit.errors import RefusedError

_OF_ALL = {"apply", "lead"}
"""A roster can do what all others do, and a second lead of one's own could agree to everything."""


def needed(verb: str, approvals: Mapping[str, int]) -> int:
    """Return how many leads must want a command."""
    return max(approvals.values(), default=1) if verb in _OF_ALL else approvals.get(verb, 1)


def check_whom(session: Session, person: str) -> None:
    """Raise RefusedError for a lead who lets another lead in: as that one they could agree with themselves."""
    actor = session.actor
    if not session.settings.approvals or actor.access != "certificate" or person == actor.name:
        return
    if session.ledger.lead(person) and session.ledger.lead(actor.name):
        raise RefusedError(
            f"{person} is a lead, and whoever enrolls in that name could agree with themselves",
            code="lead-of-another",
            person=person,
        )
