"""Rosters: what is to be done so that a team is as one says, and doing it.

Each step looks by itself at what is there, so the plan of whoever was killed in the middle is the rest of it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from certkit import files
from certkit.authority import (
    daemons,
    deployments,
    existing_ca,
    leads,
    moves,
    revocation,
    roster_daemons,
    roster_leads,
    roster_people,
)
from certkit.authority import settings as team_settings
from certkit.authority.home import CACHE, SETTINGS
from certkit.authority.roster_file import Roster
from certkit.authority.roster_plan import Act, Change, DaemonPlan, DaemonStep, Kind, LeadPlan, PeoplePlan, Plan
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.errors import RefusedError

_WHY_PERSON, _WHY_DEVICE = "left", "retired"


def plan(view: View, roster: Roster, *, prune: bool) -> Plan:
    """Compare a roster with a team, and change nothing; `prune` takes away what the team has and the roster has not.

    Raises RefusedError for another team's, MalformedError, with the line, for what this team cannot have.
    """
    if roster.team != view.team:
        raise RefusedError(
            f"it is the roster of the team {roster.team}, and this home is that of {view.team}",
            code="roster-of-another-team",
        )
    policy = {key: value for key, value in roster.policy.items() if getattr(view.settings, key) != value}
    of_policy = [
        Change(Act.CHANGE, Kind.POLICY, key, former=str(getattr(view.settings, key)), wanted=str(value))
        for key, value in policy.items()
    ]
    of_daemons = roster_daemons.compare(view, roster.daemons, prune=prune) if roster.daemons else DaemonPlan()
    of_people = people(view, roster, prune=prune)
    of_leads = _leads(view, roster, prune=prune)
    changes = (*of_policy, *of_daemons.changes, *of_people.changes, *of_leads.changes)
    left = (*of_daemons.left, *of_people.left, *of_leads.left)
    return Plan(policy, of_daemons, of_people, of_leads, changes, left)


def people(view: View, roster: Roster, *, prune: bool) -> PeoplePlan:
    """Do the same for the people alone."""
    return roster_people.compare(view, roster.people, prune=prune) if roster.people else PeoplePlan()


def _leads(view: View, roster: Roster, *, prune: bool) -> LeadPlan:
    if roster.leads is None:
        return LeadPlan()
    return roster_leads.compare(view, roster.leads, roster.people or (), prune=prune)


def change(session: Session, wanted: Plan) -> Session:
    """Carry out a plan but for what people are handed out, and `name_leads`; return the session with its new policy.

    Hold the home's lock. Whoever is to be out is so first, and by one publication.
    """
    if wanted.daemons.steps:
        hosts = [host for step in wanted.daemons.steps for host in step.listed.hosts]
        existing_ca.check_names(session.issuing("server"), hosts, session.now)
    session = _set_policy(session, wanted.policy)
    if wanted.people.revoked:
        reasons = {each: _WHY_DEVICE if each.device else _WHY_PERSON for each in wanted.people.revoked}
        revocation.revoke_all(session, reasons)
    for name in wanted.leads.removed:
        leads.remove(session, name)
    for name in wanted.daemons.removed:
        daemons.remove(session, name)
    for step in wanted.daemons.steps:
        _settle(session, step)
    if wanted.daemons.default:
        daemons.make_default(session, wanted.daemons.default)
    return session


def name_leads(session: Session, wanted: Plan) -> None:
    """Make those leads who are to be; whoever is new is known only once they were handed something."""
    for name in wanted.leads.added:
        leads.add(session, name)


def _set_policy(session: Session, policy: Mapping[str, Any]) -> Session:
    """Write the policy into team.yml, before the event that tells of it: who is killed in between has set it."""
    if not policy:
        return session
    path = session.path / SETTINGS
    later = team_settings.load(path)._replace(**policy)
    files.write(path, team_settings.with_policy(files.read(path), later, policy))
    team_settings.remember(path, session.path / CACHE)
    with session.transaction():
        session.record("policy", session.team, **policy)
    return replace(session, home=session.home._replace(settings=later))


def _settle(session: Session, step: DaemonStep) -> None:
    """Make a daemon be as it is listed; what is so already is not touched."""
    listed = step.listed
    known = session.ledger.daemon(listed.name)
    if known is None or known.removed:
        daemons.add(session, listed.name, listed.address, listed.hosts, listed.said)
        return
    if known.url != listed.address.url:
        known = moves.move(session, listed.name, listed.address, listed.hosts).daemon
    lacks = session.served_certificate(known) is None
    if lacks or step.dropped or not {*listed.hosts} <= {*known.hosts}:
        daemons.renew(session, listed.name, listed.hosts, lambda now: moves.without(session, now, step.dropped))
    if deployments.complete(listed.said.of(deployments.said(session, known))) != deployments.of(session, known):
        daemons.deploy(session, listed.name, listed.said)
