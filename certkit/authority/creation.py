"""Make a team: its home with both authorities and the first daemon's certificate, whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from certkit import files
from certkit.authority import daemons, existing_ca, new_home, settings
from certkit.authority.changes import refresh
from certkit.authority.home import (
    CERTIFICATE,
    KEY,
    LEDGER,
    ROLES,
    SETTINGS,
    TEAM,
    Home,
    Passphrase,
    authority_directory,
)
from certkit.authority.session import Session, unsettled
from certkit.authority.settings import Settings
from certkit.earthly.address import Address
from certkit.ledger import copying, create_ledger, file_url, urls
from certkit.ledger.interface import Actor
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
    *,
    actor: Actor,
    now: datetime,
    adopted: Mapping[Role, Authority] = MappingProxyType({}),
) -> None:
    """Make the home at `path`, with new authorities but for those that are adopted.

    A ledger elsewhere gets what was recorded at the end, all at once; its password stays out of the settings.

    Raises RefusedError if something is there, or if an adopted authority will not do.
    """
    existing_ca.check(adopted, wanted.team, [daemon.address.host, *daemon.more_hosts], now)
    elsewhere, wanted = wanted.ledger, wanted._replace(ledger=urls.shown(wanted.ledger))
    with new_home.draft(path) as draft:
        authorities = {
            role: adopted.get(role) or new_authority(common_name(wanted.team, role, 1), wanted, now) for role in ROLES
        }
        _fill(draft, wanted, passphrase, authorities)
        here = file_url(draft / LEDGER)
        create_ledger(here).close()
        home = Home(draft, wanted, Passphrase(wanted, lambda: b"", passphrase), here)
        with unsettled(home, actor, now) as session:
            _begin(session, daemon, encrypted=passphrase is not None)
        if elsewhere:
            copying.copy(here, elsewhere)
            copying.remove(here)


def new_authority(name: str, wanted: Settings, now: datetime) -> Authority:
    """Make an authority of this name, with a new key."""
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


def _begin(session: Session, daemon: FirstDaemon, *, encrypted: bool) -> None:
    """Publish the first anchors, and certify the first daemon."""
    with session.transaction():
        session.ledger.set_state(TEAM, {"name": session.team})
        session.record("init", session.team, key_type=session.settings.key_type, encrypted=encrypted)
    refresh(session)
    daemons.add(session, daemon.name, daemon.address, daemon.more_hosts)
