"""The daemons of a team: their certificates, and the three files that each one's host needs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from certkit import files
from certkit.authority.home import ANCHORS, CERTIFICATE, KEY, Home
from certkit.authority.record import record_certificate
from certkit.earthly.address import Address
from certkit.errors import Missing, Refused
from certkit.ledger.interface import Daemon
from certkit.pki import certificates, keys, names


def add(home: Home, name: str, address: Address, more_hosts: Sequence[str], now: datetime) -> Daemon:
    """Add a daemon with its certificate; raises Refused if there is one of that name."""
    daemon = Daemon(names.slug(name, "daemon"), address.url, _hosts([address.host, *more_hosts]), now)
    if home.ledger.daemon(name):
        raise Refused(f"there is a daemon {name} already", f"Renew it: certkit daemon renew {name}")
    _certify(home, daemon, "daemon add", now)
    return daemon


def renew(home: Home, name: str, more_hosts: Sequence[str], now: datetime) -> Daemon:
    """Give a daemon a new key and certificate, for `more_hosts` too."""
    known = find(home, name)
    daemon = replace(known, hosts=_hosts([*known.hosts, *more_hosts]))
    _certify(home, daemon, "daemon renew", now)
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


def _certify(home: Home, daemon: Daemon, action: str, now: datetime) -> None:
    """Sign, record, then write: the row is there before the file."""
    authority = home.authority("server")
    key = keys.generate(home.settings.key_type)
    hosts = [names.parse_host(host) for host in daemon.hosts]
    certificate = certificates.daemon(authority, key.public_key(), hosts, now, home.settings.daemon_life)
    with files.locked(home.path / "lock"):
        with home.ledger.transaction():
            home.ledger.put_daemon(daemon)
            record_certificate(home, "daemon", certificate, authority, now, daemon=daemon.name)
            home.record(action, daemon.name, now, url=daemon.url, hosts=daemon.hosts)
        files.write_directory(
            home.daemon_directory(daemon.name),
            {
                ANCHORS: home.certificate_pem("client"),
                CERTIFICATE: certificates.to_pem(certificate),
                KEY: keys.to_pem(key),
            },
        )
