"""Make a team: its home with both authorities and the first daemon's certificate, whole or not at all."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from certkit import files
from certkit.authority import daemons, existing_ca, new_home, settings
from certkit.authority.home import CERTIFICATE, KEY, LEDGER, ROLES, SETTINGS, TEAM, authority_directory, open_home
from certkit.authority.publication import refresh
from certkit.authority.settings import Settings
from certkit.earthly.address import Address
from certkit.ledger import sqlite
from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner, exportable_key
from certkit.trust.rotation import Role, common_name

AUTHORITY_LIFE = timedelta(days=3653)


@dataclass(frozen=True)
class FirstDaemon:
    """The daemon that a team begins with."""

    name: str
    address: Address
    more_hosts: tuple[str, ...] = ()


def create(
    path: Path,
    wanted: Settings,
    passphrase: bytes | None,
    daemon: FirstDaemon,
    now: datetime,
    adopted: Mapping[Role, Authority] = MappingProxyType({}),
) -> None:
    """Make the home at `path`, with new authorities but for those that are adopted.

    Raises RefusedError if something is there, or if an adopted authority will not do.
    """
    existing_ca.check(adopted, now)
    with new_home.draft(path) as draft:
        authorities = {role: adopted.get(role) or new_authority(role, 1, wanted, now) for role in ROLES}
        _fill(draft, wanted, passphrase, authorities)
        _begin(draft, passphrase, daemon, now)


def new_authority(role: Role, generation: int, wanted: Settings, now: datetime) -> Authority:
    """Make an authority with a new key."""
    name = common_name(wanted.team, role, generation)
    return certificates.authority(KeySigner(keys.generate(wanted.key_type)), name, now, AUTHORITY_LIFE)


def write_authority(folder: Path, authority: Authority, passphrase: bytes | None) -> None:
    """Write an authority's certificate and key, which must not be there yet."""
    files.make_private_directory(folder)
    files.write(folder / KEY, keys.to_pem(exportable_key(authority.signer), passphrase), replace=False)
    files.write(folder / CERTIFICATE, certificates.to_pem(authority.certificate), replace=False)


def _fill(draft: Path, wanted: Settings, passphrase: bytes | None, authorities: Mapping[Role, Authority]) -> None:
    files.make_private_directory(draft / "authorities")
    files.make_private_directory(draft / "daemons")
    for role, authority in authorities.items():
        write_authority(authority_directory(draft, role, 1), authority, passphrase)
    files.write(draft / SETTINGS, settings.dump(wanted))
    sqlite.create(draft / LEDGER)


def _begin(draft: Path, passphrase: bytes | None, daemon: FirstDaemon, now: datetime) -> None:
    """Publish the first anchors, and certify the first daemon."""
    opened = open_home(draft, lambda: b"")
    with contextlib.closing(replace(opened, passphrase=lambda: passphrase or b"")) as home:  # it is not asked for again
        with home.ledger.transaction():
            home.ledger.set_state(TEAM, {"name": home.team})
            home.record("init", home.team, now, key_type=home.settings.key_type, encrypted=passphrase is not None)
        refresh(home, now)
        daemons.add(home, daemon.name, daemon.address, daemon.more_hosts, now)
