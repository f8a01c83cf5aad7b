"""Who is a lead: may do over the network what the commands do at the home."""

from dataclasses import dataclass
from datetime import datetime

from certkit.authority import lookup, renewals, shown_certificates
from certkit.authority.renewals import Holder
from certkit.authority.revocation import Subject, revocation
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.errors import RefusedError
from certkit.ledger.interface import LeadRole


@dataclass(frozen=True)
class LeadState:
    """A lead: a person, or whoever made the team, who works at the home itself."""

    name: str
    since: datetime
    at_home: bool
    """Whether they have no role that could be taken from them, but the home's files."""
    revoked: bool
    devices: int
    """From how many devices they can act: those with a certificate that is good."""


def add(session: Session, name: str) -> bool:
    """Make somebody a lead; return whether they were none. Raises as `lookup.find_person`, RefusedError if revoked."""
    person = lookup.find_person(session, name)
    if revocation(session, Subject(person.name)):
        raise RefusedError(f"{person.name} is revoked", code="person-revoked", person=person.name)
    with session.transaction():
        if session.ledger.lead(person.name):
            return False
        session.ledger.add_lead(LeadRole(person.name, session.now))
        session.record("lead add", person.name)
    return True


def remove(session: Session, name: str) -> bool:
    """Make somebody a lead no more, from this moment on; return whether they were one."""
    person = lookup.find_person(session, name)
    with session.transaction():
        if session.ledger.lead(person.name) is None:
            return False
        session.ledger.remove_lead(person.name)
        session.record("lead remove", person.name)
    return True


def states(view: View) -> list[LeadState]:
    """Return whoever made the team, then all leads by name."""
    found = [_state(view, each) for each in view.ledger.leads()]
    founder = next(iter(view.ledger.each_event()), None)
    if founder is None:
        return found
    name = f"{founder.actor.name}@{founder.actor.host}"
    return [LeadState(name, founder.at, at_home=True, revoked=False, devices=0), *found]


def _state(view: View, lead: LeadRole) -> LeadState:
    good = [
        each
        for each in view.ledger.enrolled(lead.person)
        if each.newest and each.newest.not_after > view.now and not each.is_shut_out
    ]
    is_revoked = revocation(view, Subject(lead.person)) is not None
    return LeadState(lead.person, lead.since, at_home=False, revoked=is_revoked, devices=len(good))


def is_lead(view: View, person: str) -> bool:
    """Tell whether somebody is a lead, and not revoked."""
    return view.ledger.lead(person) is not None and revocation(view, Subject(person)) is None


def holder(view: View, der: bytes) -> Holder:
    """Find the lead whose certificate was shown in a handshake.

    Raises RefusedError if it is no lead's; as `renewals.holder` does, too, and also for an expired one in its grace:
    that is for renewing.
    """
    shown = renewals.holder(view, der)
    if view.ledger.lead(shown.person) is None:
        raise RefusedError(f"{shown.person} is no lead of this team", code="lead-wanted", person=shown.person)
    shown_certificates.refuse_expired(view, shown.certificate)
    return shown
