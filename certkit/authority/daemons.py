"""The daemons of a team: their certificates, and the files that each one's host needs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from certkit import files
from certkit.authority.home import Home
from certkit.authority.publication import certify, newest_anchors, refresh, served_certificate
from certkit.earthly.address import Address
from certkit.errors import MissingError, RefusedError
from certkit.ledger.interface import Daemon
from certkit.pki import certificates, names


def add(home: Home, name: str, address: Address, more_hosts: Sequence[str], now: datetime) -> Daemon:
    """Add a daemon with its certificate; raises RefusedError if there is one of that name."""
    hosts = _hosts([address.host, *more_hosts])
    names.slug(name, "daemon")

    def new() -> Daemon:
        known = home.ledger.daemon(name)
        if known and not known.removed:
            raise RefusedError(f"there is a daemon {name} already", f"Renew it: certkit daemon renew {name}")
        # It was never given older anchors than these, so it cannot hold any.
        return Daemon(name, address.url, hosts, now, proven=newest_anchors(home).number)

    return certify(home, new, "daemon add", now)


def renew(home: Home, name: str, more_hosts: Sequence[str], now: datetime) -> Daemon:
    """Give a daemon a new key and certificate, for `more_hosts` too, and anchors without what has expired."""
    more = _hosts(more_hosts)
    find(home, name)
    refresh(home, now)

    def extended() -> Daemon:
        known = find(home, name)
        return replace(known, hosts=tuple(dict.fromkeys([*known.hosts, *more])))

    return certify(home, extended, "daemon renew", now)


def find(home: Home, name: str) -> Daemon:
    """Find a daemon; raises MissingError, with the names there are."""
    daemon = home.ledger.daemon(name)
    if daemon is None or daemon.removed:
        known = ", ".join(each.name for each in home.ledger.daemons())
        raise MissingError(f"there is no daemon {name}", f"There are: {known}. Add one: certkit daemon add --help")
    return daemon


def behind(home: Home, daemon: Daemon) -> str:
    """Say what a daemon is not known to hold of what lies in its folder: nothing, if it was seen to hold all."""
    served = served_certificate(home, daemon.name)
    if served is None:
        return "has no certificate"
    if not daemon.serving:
        return "not seen yet"
    if daemon.proven < newest_anchors(home).number:
        return "not seen to hold the newest anchors"
    if daemon.serving != certificates.serial_text(served.serial_number):
        return "not seen to serve its newest certificate"
    return ""


def remove(home: Home, name: str, now: datetime) -> None:
    """Give a daemon up: it is in no bundle and no list any more, and its files go; what it was given stays recorded."""
    with home.locked():
        with home.ledger.transaction():
            home.ledger.put_daemon(replace(find(home, name), removed=now))
            home.record("daemon remove", name, now)
        files.remove_directory(home.daemon_directory(name))


def _hosts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(names.parse_host(text).value) for text in texts))
