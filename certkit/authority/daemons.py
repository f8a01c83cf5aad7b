"""The daemons of a team: adding, renewing and removing them, and what each is known to hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from certkit import files
from certkit.authority import existing_ca
from certkit.authority.changes import refresh
from certkit.authority.daemon_files import certify
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.earthly.address import Address
from certkit.errors import MissingError, RefusedError
from certkit.ledger.interface import Daemon
from certkit.pki import certificates, names


class Behind(StrEnum):
    """Why a daemon is not known to hold what lies in its folder."""

    NO_CERTIFICATE = "no-certificate"
    NOT_SEEN = "not-seen"
    FORMER_ANCHORS = "former-anchors"
    FORMER_CERTIFICATE = "former-certificate"


@dataclass(frozen=True)
class DaemonState:
    """A daemon, its certificate that lies in its folder, and what it was seen to hold."""

    name: str
    url: str
    hosts: tuple[str, ...]
    directory: Path
    serial: str | None
    expires: datetime | None
    anchors: int
    """The number of the newest publication."""
    proven: int | None
    """The number of the publication that it was last seen to hold; None if it was never seen."""
    behind: Behind | None


def add(session: Session, name: str, address: Address, more_hosts: Sequence[str]) -> Daemon:
    """Add a daemon with its certificate.

    Raises RefusedError if there is one of that name, or if the authority's name constraints leave it out.
    """
    hosts = _hosts([address.host, *more_hosts])
    names.slug(name, "daemon")
    existing_ca.check_names(session.issuing("server"), hosts, session.now)

    def new() -> Daemon:
        known = session.ledger.daemon(name)
        if known and not known.removed:
            raise RefusedError(f"there is a daemon {name} already", code="daemon-exists", daemon=name)
        return Daemon(name, address.url, hosts, session.now, proven=_surely_held(session, name, address.url))

    return certify(session, new, "daemon add")


def renew(session: Session, name: str, more_hosts: Sequence[str]) -> Daemon:
    """Issue a daemon a new key and certificate, for `more_hosts` too, and anchors without what has expired."""
    more = _hosts(more_hosts)
    find(session, name)
    existing_ca.check_names(session.issuing("server"), more, session.now)
    refresh(session)

    def extended() -> Daemon:
        known = find(session, name)
        return replace(known, hosts=tuple(dict.fromkeys([*known.hosts, *more])))

    return certify(session, extended, "daemon renew")


def remove(session: Session, name: str) -> None:
    """Remove a daemon from bundles and lists, and its files with it; what it was issued stays recorded."""
    with session.locked():
        with session.transaction():
            session.ledger.put_daemon(replace(find(session, name), removed=session.now))
            session.record("daemon remove", name)
        files.remove_directory(session.daemon_directory(name))


def find(view: View, name: str) -> Daemon:
    """Find a daemon; raises MissingError, with the names there are."""
    daemon = view.ledger.daemon(name)
    if daemon is None or daemon.removed:
        known = [each.name for each in view.ledger.daemons()]
        raise MissingError(f"there is no daemon {name}", code="daemon-missing", daemon=name, known=known)
    return daemon


def state(view: View, daemon: Daemon) -> DaemonState:
    """Return what is known of a daemon."""
    served = view.served_certificate(daemon.name)
    return DaemonState(
        name=daemon.name,
        url=daemon.url,
        hosts=daemon.hosts,
        directory=view.daemon_directory(daemon.name),
        serial=certificates.serial_text(served.serial_number) if served else None,
        expires=served.not_valid_after_utc if served else None,
        anchors=view.newest_anchors().number,
        proven=daemon.proven if daemon.serving else None,
        behind=behind(view, daemon),
    )


def states(view: View) -> list[DaemonState]:
    """Return what is known of every daemon."""
    return [state(view, daemon) for daemon in view.ledger.daemons()]


def behind(view: View, daemon: Daemon) -> Behind | None:
    """Tell why a daemon is not known to hold what lies in its folder; None if it was seen to hold it."""
    served = view.served_certificate(daemon.name)
    if served is None:
        return Behind.NO_CERTIFICATE
    if not daemon.serving:
        return Behind.NOT_SEEN
    if daemon.proven < view.newest_anchors().number:
        return Behind.FORMER_ANCHORS
    if daemon.serving != certificates.serial_text(served.serial_number):
        return Behind.FORMER_CERTIFICATE
    return None


def _surely_held(view: View, name: str, url: str) -> int:
    """Return the publication that a daemon that is added holds at the least.

    One that is new to the team was never given older files than the newest. One that had this name or this address
    before, and was removed, may still hold what it was given then.
    """
    if any(name == each.name or url == each.url for each in view.ledger.daemons(also_removed=True)):
        return 0
    return view.newest_anchors().number


def _hosts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(names.parse_host(text).value) for text in texts))
