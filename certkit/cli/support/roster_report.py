"""The difference between a roster and a team in lines: + is added, - goes, ~ becomes otherwise."""

from collections import Counter
from collections.abc import Iterable, Iterator

from certkit.authority.roster_plan import Act, Change, Kind, Left, Plan, Spared
from certkit.cli.support.output import say

_MARKS = {Act.ADD: "+", Act.CHANGE: "~", Act.REVOKE: "-", Act.REMOVE: "-"}
_DONE = {Act.ADD: "added", Act.CHANGE: "changed", Act.REVOKE: "revoked", Act.REMOVE: "removed"}
_LACKS = {
    "expired": "its certificate has expired",
    "no-certificate": "it never got a certificate",
    "undelivered": "its bundle was not written",
}
_SPARED = {
    Spared.NOT_LISTED: "Not in the roster, and left alone (--prune takes them away)",
    Spared.REVOKED: "In the roster, and revoked all the same (certkit reinstate lets them in)",
    Spared.IN_USE: "Not in the roster, and kept as long as laptops reach a daemon by it",
}


def say_changes(plan: Plan) -> None:
    """Print the difference, and what is left alone."""
    blocks = [[f"  {_MARKS[each.act]} {_in_words(each)}" for each in plan.changes]]
    for why, title in _SPARED.items():
        found = [f"    {_what_is_left(each)}" for each in plan.left if each.why is why]
        blocks.append([title, *found] if found else [])
    for block in filter(None, blocks):
        say(*block, "")


def planned(plan: Plan) -> str:
    """Sum up what would be done."""
    if not plan.changes:
        return "Nothing to do: the team is as the roster says."
    return f"{', '.join(_counts(plan.changes, {act: f'to {act}' for act in Act}))}."


def done(plan: Plan) -> str:
    """Sum up what was done."""
    return f"{', '.join(_counts(plan.changes, _DONE))}."


def _counts(changes: Iterable[Change], words: dict[Act, str]) -> Iterator[str]:
    counted = Counter(each.act for each in changes)
    return (f"{counted[act]} {words[act]}" for act in Act if counted[act])


def _in_words(change: Change) -> str:
    match change:
        case Change(kind=Kind.POLICY):
            return f"{change.name}: {change.former} -> {change.wanted}"
        case Change(kind=Kind.DAEMON):
            return f"daemon {change.name}{_of_daemon(change)}"
        case Change(kind=Kind.LEAD):
            return f"lead {change.name}"
        case Change(act=Act.CHANGE):
            return f"{_who(change)}: {_LACKS[change.former or '']}"
    return _who(change)


def _of_daemon(change: Change) -> str:
    match change.what:
        case None:
            return f" at {change.wanted}" if change.act is Act.ADD else ""
        case "certificate":
            return ": its certificate is lost"
        case "default":
            return f": the default, which is {change.former}"
    return f" {change.what}: {change.former or 'by default'} -> {change.wanted}"


def _what_is_left(left: Left) -> str:
    if left.kind is Kind.DAEMON:
        return f"daemon {left.name}" + (f", called {left.host}" if left.host else "")
    if left.kind is Kind.LEAD:
        return f"lead {left.name}"
    return _who(left)


def _who(what: Change | Left) -> str:
    return f"{what.name}, device {what.device}" if what.device else what.name
