"""A daemon at another address: its certificate names the former one too, until nobody's laptop has that any more."""

from collections.abc import Sequence
from dataclasses import dataclass

from certkit.authority import daemons, deployments, neighbours, visits
from certkit.authority.changes import refresh
from certkit.authority.daemon_files import certify
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.earthly.address import Address, parse_shared
from certkit.errors import InvalidError, RefusedError
from certkit.ledger.interface import Daemon


@dataclass(frozen=True)
class Outdated:
    """A device that may build, whose laptop has a former URL of a daemon, or may have it."""

    person: str
    device: str
    url: str
    renews: bool
    """Whether it gets the new URL from the server, by itself."""


@dataclass(frozen=True)
class Moved:
    """A daemon, its URL before if that was another, and the devices that must enroll again to have the new one."""

    daemon: Daemon
    former_url: str | None
    must_enroll_again: tuple[Outdated, ...]


def move(session: Session, name: str, address: Address, more_hosts: Sequence[str]) -> Moved:
    """Give a daemon another URL, with a new key and a certificate for all names that it had, and the new ones.

    Whatever was proven of it was so where it was. On a host where another daemon has its folder it gets one of its own.
    With the URL and the names that it has already nothing changes.

    Raises RefusedError if anything else of it is another daemon's there.
    """
    known, more = daemons.find(session, name), daemons.host_names(more_hosts)
    if address.url == known.url and {*more} <= {*known.hosts}:
        return Moved(known, None, outdated(session, known))
    refresh(session)

    def moved() -> Daemon:
        now = daemons.find(session, name)
        hosts = tuple(dict.fromkeys([*daemons.host_names([address.host]), *now.hosts, *more]))
        if now.url == address.url:
            return now._replace(hosts=hosts)
        there = now._replace(url=address.url, hosts=hosts, proven=0, serving="", proven_at=None)
        return neighbours.settled(session, there, deployments.said(session, there))

    daemon = certify(session, moved, "daemon move")
    former = known.url if known.url != daemon.url else None
    return Moved(daemon, former, outdated(session, daemon))


def outdated(view: View, daemon: Daemon) -> tuple[Outdated, ...]:
    """Return the devices that may build and have a former URL of a daemon, by what was handed out to them; in order.

    What that was is not known of certificates from before it was recorded: no daemon had been moved yet.
    """
    moves = view.ledger.events(subject=daemon.name, action="daemon move")
    first = next((str(each.detail["former"]) for each in moves if "former" in each.detail), daemon.url)
    found = []
    for use in visits.uses(view):
        urls = [dict(each.urls).get(daemon.name) if each.urls else first for each in use.certificates]
        former = next((url for url in urls if url not in {None, daemon.url}), None)
        if former:
            found.append(Outdated(use.person, use.device, former, use.renews))
    return tuple(sorted(found, key=lambda each: (each.person, each.device)))


def without(view: View, daemon: Daemon, hosts: Sequence[str]) -> Daemon:
    """Return a daemon without some of its names, which it is to be called no more.

    Raises InvalidError for the host of its URL and for what it is not called, RefusedError while a laptop has it.
    """
    given_up = daemons.host_names(hosts)
    for host in given_up:
        if host == daemon.hosts[0]:
            raise InvalidError(f"{host} is in the URL of {daemon.name}", code="host-of-url", daemon=daemon.name)
        if host not in daemon.hosts:
            raise InvalidError(
                f"{daemon.name} is not called {host}", f"It is called {', '.join(daemon.hosts)}.", code="host-unknown"
            )
    having = [each for each in outdated(view, daemon) if parse_shared(each.url).host in given_up]
    if having:
        who = ", ".join(f"{each.person} ({each.device})" for each in having)
        raise RefusedError(
            f"laptops still reach {daemon.name} by that name: {who}",
            code="host-in-use",
            daemon=daemon.name,
            url=daemon.url,
        )
    return daemon._replace(hosts=tuple(host for host in daemon.hosts if host not in given_up))
