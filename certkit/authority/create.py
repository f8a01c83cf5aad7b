"""Make a team: its home with both authorities and the first daemon's certificate, whole or not at all."""

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from certkit import files
from certkit.authority import adopt, daemons, settings
from certkit.authority.home import CERTIFICATE, KEY, LEDGER, ROLES, SETTINGS, authority_directory, open_home
from certkit.authority.publish import publishing
from certkit.authority.settings import Settings
from certkit.earthly.address import Address
from certkit.errors import CertkitError, Refused
from certkit.ledger import sqlite
from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority
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

    It is made beside its place and moved there when it is complete. Raises Refused if something is there, or if an
    adopted authority will not do.
    """
    adopt.check(adopted, now)
    check_free(path)
    files.make_private_directory(path.parent) if not path.parent.exists() else None
    draft = files.draft_of(path)
    try:
        draft.mkdir(mode=0o700)
        authorities = {role: adopted.get(role) or new_authority(role, 1, wanted, now) for role in ROLES}
        _fill(draft, wanted, passphrase, authorities)
        _begin(draft, passphrase, daemon, now)
        draft.replace(path)
    except OSError as error:
        raise CertkitError(f"{path} cannot be made: {error.strerror}", "Choose another folder with --home.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        files.sweep(path)


def check_free(path: Path) -> None:
    """Raise Refused if a home cannot be made at `path` without touching what is there."""
    if path.is_symlink() or (path.exists() and not _is_empty_directory(path)):
        raise Refused(f"{path} is there already and is not touched", "Choose another folder with --home.")


def new_authority(role: Role, generation: int, wanted: Settings, now: datetime) -> Authority:
    """Make an authority with a new key."""
    name = common_name(wanted.team, role, generation)
    return certificates.authority(keys.generate(wanted.key_type), name, now, AUTHORITY_LIFE)


def write_authority(folder: Path, authority: Authority, passphrase: bytes | None) -> None:
    """Write an authority's certificate and key, which must not be there yet."""
    files.make_private_directory(folder)
    files.write(folder / KEY, keys.to_pem(authority.key, passphrase), replace=False)
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
            home.record("init", home.team, now, key_type=home.settings.key_type, encrypted=passphrase is not None)
        with publishing(home, now):
            pass
        daemons.add(home, daemon.name, daemon.address, daemon.more_hosts, now)


def _is_empty_directory(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())
