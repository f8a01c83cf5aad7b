"""What is unfinished, mostly since a command was killed: the ledger is the truth, and files that do not follow it must.

A change of files begins when its transaction is committed. Whoever is killed behind that leaves them behind; the next
change finishes them first, and whoever only reads says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from certkit import files
from certkit.authority import canaries, daemon_files, journal, links, seen_publication
from certkit.authority.forgetting import forget
from certkit.authority.home import LOCK, ROLES
from certkit.authority.publication import Stale, publish, why_stale
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.ledger.interface import Anchors, Daemon
from certkit.pki import certificates, extensions
from certkit.trust.rotation import Role


class Kind(StrEnum):
    """What does not follow the ledger yet."""

    LINKS = "links"
    """The home was copied without its links."""
    PASSPHRASE = "passphrase"  # noqa: S105  no passphrase, but the change of one
    AUTHORITY = "authority"
    """The name of the authority that signs does not lead to it."""
    LEDGER = "ledger"
    """The database has lost a publication: `seen_publication.lost`."""
    PUBLICATION = "publication"
    """What was published last cannot stand: `publication.Stale`."""
    CANARY = "canary"
    DAEMON_FILES = "daemon-files"
    """A daemon's folder lacks the newest anchors."""
    DAEMON_CERTIFICATE = "daemon-certificate"
    """A daemon's certificate is of an authority that signs no more, or has other names than the daemon."""
    DAEMON_REMOVAL = "daemon-removal"
    """The folder of a daemon that was removed, with its key, is still there."""


_SIGNED: Mapping[Kind, Role] = {
    Kind.LEDGER: "client",  # a publication follows
    Kind.PUBLICATION: "client",
    Kind.CANARY: "client",
    Kind.DAEMON_CERTIFICATE: "server",
}
"""What takes a signature to be finished, and whose: the other authority's key may be kept apart."""


class Unfinished(NamedTuple):
    """One thing that is unfinished."""

    kind: Kind
    daemon: str | None = None
    why: Stale | None = None
    """Why a publication cannot stand."""

    @property
    def is_interruption(self) -> bool:
        """Whether it was a command that was killed: not where something was copied, restored or lost."""
        return self.why is None and self.kind not in (Kind.LINKS, Kind.LEDGER)


def unfinished(view: View) -> list[Unfinished]:
    """Return what is unfinished, nothing while another command is just at it."""
    found = list(_find(view))
    return [] if found and files.is_locked(view.path / LOCK) else found


def finish(session: Session) -> None:
    """Finish whatever is unfinished; what is as it should be is not touched."""
    found = list(_find(session))
    if found:
        for role in {_SIGNED[each.kind] for each in found if each.kind in _SIGNED}:
            session.authority(role)  # asks for the passphrase, if at all, before others have to wait
        with session.locked():
            for each in _find(session):  # again: another session may have been at it
                _finish(session, each)
    seen_publication.note(session)


def _find(view: View) -> Iterator[Unfinished]:
    if journal.is_pending(view.path) or journal.is_abandoned(view.path):
        yield Unfinished(Kind.PASSPHRASE)
    newest = view.ledger.newest_anchors()
    if newest is None:  # a home that is just being made
        return
    if links.lost(view):
        yield Unfinished(Kind.LINKS)
    if any(_link_target(view, role) != view.authority_directory(role).name for role in ROLES):
        yield Unfinished(Kind.AUTHORITY)
    if seen_publication.lost(view, newest.number):
        yield Unfinished(Kind.LEDGER)
    if why := why_stale(view, newest):
        yield Unfinished(Kind.PUBLICATION, why=why)
        newest = view.newest_anchors()  # while it was finished, it was published
    if not canaries.is_kept(view, newest):
        yield Unfinished(Kind.CANARY)
    yield from _of_daemons(view, newest)


def _of_daemons(view: View, newest: Anchors) -> Iterator[Unfinished]:
    known = view.ledger.daemons(also_removed=True)
    present = [daemon for daemon in known if not daemon.removed]
    for daemon in present:
        if daemon_files.are_behind(view, daemon.name, newest):
            yield Unfinished(Kind.DAEMON_FILES, daemon.name)
    for daemon in _to_certify(view, present):
        yield Unfinished(Kind.DAEMON_CERTIFICATE, daemon.name)
    for daemon in known:
        if daemon.removed and files.remains_of(view.daemon_directory(daemon.name)):
            yield Unfinished(Kind.DAEMON_REMOVAL, daemon.name)


def _finish(session: Session, each: Unfinished) -> None:
    match each:
        case Unfinished(Kind.PASSPHRASE):
            journal.finish(session.path)
        case Unfinished(Kind.AUTHORITY):
            for role in ROLES:
                files.turn_link(session.path / "authorities" / role, session.authority_directory(role).name)
        case Unfinished(Kind.PUBLICATION):
            with session.transaction():
                publish(session)
        case Unfinished(kind) if kind in _OF_THE_HOME:
            _OF_THE_HOME[kind](session)
        case Unfinished(Kind.DAEMON_FILES, str(name)):
            daemon_files.follow(session, name)
        case Unfinished(Kind.DAEMON_CERTIFICATE, str(name)) if _is_valid(session):
            daemon_files.certify(session, partial(_known, session, name), "daemon renew")
        case Unfinished(Kind.DAEMON_REMOVAL, str(name)):
            files.remove_directory(session.daemon_directory(name))


def _take_for_older(session: Session) -> None:
    """Do as after a restoration: the database has lost changes, and with them a publication that this host has seen."""
    with session.transaction():
        number = seen_publication.lost(session, session.newest_number())
        if number:  # another host may have been at it
            forget(session, number)
            session.record("restore", session.team, publication=number)


_OF_THE_HOME: Mapping[Kind, Callable[[Session], None]] = {
    Kind.LINKS: links.mend,
    Kind.LEDGER: _take_for_older,
    Kind.CANARY: canaries.replace,
}


def _is_valid(view: View) -> bool:
    """Tell whether the server authority can sign: by a wrong clock it waits, and whatever revokes must not wait."""
    authority = view.certificate("server")
    return authority.not_valid_before_utc <= view.now < authority.not_valid_after_utc


def _link_target(view: View, role: str) -> str:
    link = view.path / "authorities" / role
    return str(link.readlink()) if link.is_symlink() else ""


def _to_certify(view: View, daemons: Iterable[Daemon]) -> Iterator[Daemon]:
    """Return the daemons whose certificates are of a generation that signs no more, or bear other names than they."""
    # By its key: an adopted one may have the name of a later generation.
    authority = view.certificate("server") if view.rotation("server").last > 1 else None
    for daemon in daemons:
        if daemon.sync:  # its host is told, and makes the key
            continue
        leaf = view.served_certificate(daemon)
        is_former = leaf and authority and not certificates.has_signed(authority, leaf)
        if leaf and (is_former or extensions.hosts(leaf) != {*daemon.hosts}):
            yield daemon


def _known(view: View, name: str) -> Daemon:
    return next(daemon for daemon in view.ledger.daemons() if daemon.name == name)
