"""The daemons of a team: their certificates, and the files that each one's host needs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from certkit.authority.home import Home
from certkit.authority.publish import certify, newest_anchors
from certkit.earthly.address import Address
from certkit.errors import Missing, Refused
from certkit.ledger.interface import Daemon
from certkit.pki import names


def add(home: Home, name: str, address: Address, more_hosts: Sequence[str], now: datetime) -> Daemon:
    """Add a daemon with its certificate; raises Refused if there is one of that name."""
    hosts = _hosts([address.host, *more_hosts])
    # It was never given older anchors than these, so it cannot hold any.
    daemon = Daemon(names.slug(name, "daemon"), address.url, hosts, now, proven=newest_anchors(home).number)
    if home.ledger.daemon(name):
        raise Refused(f"there is a daemon {name} already", f"Renew it: certkit daemon renew {name}")
    certify(home, daemon, "daemon add", now)
    return daemon


def renew(home: Home, name: str, more_hosts: Sequence[str], now: datetime) -> Daemon:
    """Give a daemon a new key and certificate, for `more_hosts` too."""
    known = find(home, name)
    daemon = replace(known, hosts=_hosts([*known.hosts, *more_hosts]))
    certify(home, daemon, "daemon renew", now)
    return daemon


def find(home: Home, name: str) -> Daemon:
    """Find a daemon; raises Missing, with the names there are."""
    daemon = home.ledger.daemon(name)
    if daemon is None:
        known = ", ".join(each.name for each in home.ledger.daemons())
        raise Missing(f"there is no daemon {name}", f"There are: {known}. Add one: certkit daemon add --help")
    return daemon


def _hosts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(names.parse_host(text).value) for text in texts))
