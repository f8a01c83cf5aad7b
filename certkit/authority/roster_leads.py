"""The leads of a roster, compared with those of the team."""

from collections.abc import Sequence

from certkit.authority.roster_file import ListedPerson
from certkit.authority.roster_plan import Act, Change, Kind, LeadPlan, Left, Spared
from certkit.authority.roster_yaml import wrong
from certkit.authority.view import View
from certkit.pki import names


def compare(view: View, listed: Sequence[ListedPerson], people: Sequence[ListedPerson], *, prune: bool) -> LeadPlan:
    """Return who becomes a lead, and who is one no more; raise MalformedError, with the line, for who is nobody."""
    there = {each.person for each in view.ledger.leads()}
    added: list[str] = []
    left: list[Left] = []
    for each in listed:
        known = view.ledger.person(each.name)
        if known is None and each.name not in {person.name for person in people}:
            raise wrong(each.line, f"there is nobody called {each.name}", "Write them among the people, too.")
        if known and known.revoked:
            left.append(Left(Kind.LEAD, each.name, None, Spared.REVOKED))
        elif each.name not in there:
            added.append(each.name)
    others = sorted(there - {each.name for each in listed}, key=names.folded)
    changes = [Change(Act.ADD, Kind.LEAD, name) for name in added]
    if prune:
        changes += [Change(Act.REMOVE, Kind.LEAD, name) for name in others]
    else:
        left += [Left(Kind.LEAD, name, None, Spared.NOT_LISTED) for name in others]
    return LeadPlan(tuple(added), tuple(others) if prune else (), tuple(changes), tuple(left))
