"""The daemons of a roster, compared with those of the team."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from certkit.authority import daemons, deployments, moves
from certkit.authority.roster_file import SAID, ListedDaemon
from certkit.authority.roster_plan import Act, Change, DaemonPlan, DaemonStep, Kind, Left, Spared
from certkit.authority.roster_yaml import in_line, wrong
from certkit.authority.view import View
from certkit.errors import RefusedError
from certkit.ledger.interface import Daemon


def compare(view: View, listed: Sequence[ListedDaemon], *, prune: bool) -> DaemonPlan:
    """Return what is to be done about the daemons; raise MalformedError, with the line, for what cannot be."""
    known = {each.name: each for each in view.ledger.daemons()}
    unlisted = [name for name in known if name not in {each.name for each in listed}]
    removed = unlisted if prune else []
    staying = {name: each for name, each in known.items() if name not in removed}
    _check_urls(listed, staying)
    changes = [Change(Act.REMOVE, Kind.DAEMON, name) for name in removed]
    left = [Left(Kind.DAEMON, name, None, Spared.NOT_LISTED) for name in unlisted if name not in removed]
    steps = []
    for each in listed:
        found = staying.get(each.name)
        _check_recipe(view, each, found)
        surplus = dict(_surplus(view, each, found, prune=prune)) if found else {}
        left += [Left(Kind.DAEMON, each.name, None, why, host) for host, why in surplus.items() if why]
        step = DaemonStep(each, tuple(host for host, why in surplus.items() if why is None))
        of_one = list(_changes(view, step, found)) if found else [_added(each)]
        changes += of_one
        steps += [step] if of_one else []
    first, former = listed[0].name, next(iter([*staying, *(each.name for each in listed)]))
    if former != first:
        changes.append(Change(Act.CHANGE, Kind.DAEMON, first, what="default", former=former, wanted=first))
    default = first if former != first else None
    return DaemonPlan(tuple(removed), tuple(steps), default, tuple(changes), tuple(left))


def _added(listed: ListedDaemon) -> Change:
    return Change(Act.ADD, Kind.DAEMON, listed.name, wanted=listed.address.url)


def _check_urls(listed: Collection[ListedDaemon], staying: Mapping[str, Daemon]) -> None:
    """Raise MalformedError for a URL that is another daemon's when its turn comes."""
    urls = {name: each.url for name, each in staying.items()}
    for each in listed:
        url = each.address.url
        holder = next((name for name, taken in urls.items() if taken == url and name != each.name), None)
        if holder:
            problem = f"the daemon {holder} is at {url} already"
            raise wrong(each.line, problem, "Two daemons on one host need two ports; --prune removes what is not here.")
        urls[each.name] = url


def _check_recipe(view: View, listed: ListedDaemon, known: Daemon | None) -> None:
    """Raise MalformedError for a deployment that no recipe can say."""
    daemon = known or Daemon(listed.name, listed.address.url, listed.hosts, view.now)
    with in_line(listed.line):
        daemons.checked(view, daemon, listed.said.of(deployments.said(view, daemon)))


def _surplus(view: View, listed: ListedDaemon, known: Daemon, *, prune: bool) -> Iterator[tuple[str, Spared | None]]:
    """Yield the names that a daemon has and the roster does not, with why it keeps them, None if it does not."""
    for host in known.hosts:
        if host in listed.hosts:
            continue
        if not prune or host == known.hosts[0]:  # that of a URL which it is just about to leave
            yield host, Spared.NOT_LISTED
            continue
        try:
            moves.without(view, known, [host])
        except RefusedError:
            yield host, Spared.IN_USE
        else:
            yield host, None


def _changes(view: View, step: DaemonStep, known: Daemon) -> Iterator[Change]:
    """Yield what of a daemon is to be otherwise."""

    def change(what: str, former: str | None = None, wanted: str | None = None) -> Change:
        return Change(Act.CHANGE, Kind.DAEMON, known.name, what=what, former=former, wanted=wanted)

    listed = step.listed
    if listed.address.url != known.url:
        yield change("url", known.url, listed.address.url)
    hosts = [each for each in dict.fromkeys([*known.hosts, *listed.hosts]) if each not in step.dropped]
    if {*hosts} != {*known.hosts}:
        yield change("san", ", ".join(known.hosts), ", ".join(hosts))
    if view.served_certificate(known) is None:
        yield change("certificate")
    former = deployments.of(view, known)
    later = deployments.complete(listed.said.of(deployments.said(view, known)))
    for what, field in SAID.items():
        if getattr(former, field) != getattr(later, field):
            yield change(what, getattr(former, field), getattr(later, field))
