"""The daemons of a team: adding, renewing and removing them, and what each is known to hold."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from certkit import files
from certkit.authority import deployments, neighbours
from certkit.authority.changes import refresh
from certkit.authority.daemon_files import certify
from certkit.authority.home import KEY
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.earthly.address import Address
from certkit.errors import MissingError, RefusedError
from certkit.ledger.interface import Daemon, Deployment, Sync
from certkit.pki import certificates, names


class Behind(StrEnum):
    """Why a daemon is not known to hold what lies in its folder."""

    OPEN = "open-to-everybody"
    """It was seen to let strangers in, which is worse than whatever it holds."""
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
    deployment: Deployment
    """How it runs on its host, as far as anybody has said."""
    default: bool = False
    """Whether it is the one that laptops use unless they are told otherwise."""
    took: int | None = None
    """Seconds from the newest publication until the daemon was seen to hold it; None if it was not, or who knows."""
    sync: Sync | None = None
    """That its host makes its key and fetches its files; None where they are copied there."""


@dataclass(frozen=True)
class Said:
    """What somebody says of how a daemon runs; what they do not say stays as it was, or is taken for granted."""

    kind: str | None = None
    flavour: str | None = None
    directory: str | None = None
    service: str | None = None
    ssh: str | None = None

    def of(self, known: Deployment) -> Deployment:
        """Return what is known with what is said put over it."""
        return known._replace(**{name: value for name, value in vars(self).items() if value is not None})


def add(session: Session, name: str, address: Address, more_hosts: Sequence[str], said: Said | None = None) -> Daemon:
    """Add a daemon with its certificate.

    Raises RefusedError if there is one of that name, or at that URL, or if the authority's name constraints leave it
    out.
    """
    hosts = host_names([address.host, *more_hosts])
    names.slug(name, "daemon")
    _check_names(session, hosts)

    def new() -> Daemon:
        known = session.ledger.daemon(name)
        if known and not known.removed:
            raise RefusedError(f"there is a daemon {name} already", code="daemon-exists", daemon=name)
        held, place = _surely_held(session, name, address.url), _last_place(session) + 1
        made = Daemon(name, address.url, hosts, session.now, proven=held, place=place)
        how = checked(session, made, (said or Said()).of(deployments.NEW))
        if said and said.directory:
            neighbours.check(session, made, how)
            return made._replace(deployment=how)
        return neighbours.settled(session, made, how)

    return certify(session, new, "daemon add")


def renew(
    session: Session, name: str, more_hosts: Sequence[str], shorten: Callable[[Daemon], Daemon] = lambda known: known
) -> Daemon:
    """Issue a daemon a new key and certificate, for `more_hosts` too, and anchors without what has expired.

    `shorten` takes names away from it, or raises.
    """
    more = host_names(more_hosts)
    shorten(find(session, name))
    _check_names(session, more)
    refresh(session)

    def extended() -> Daemon:
        known = shorten(find(session, name))
        return known._replace(hosts=tuple(dict.fromkeys([*known.hosts, *more])))

    return certify(session, extended, "daemon renew")


def make_default(session: Session, name: str) -> bool:
    """Put a daemon before all others, where new bundles have the one to use by default; False if it is there."""
    with session.transaction():
        chosen, former = find(session, name), session.ledger.daemons()[0]
        if chosen == former:
            return False
        others = [each for each in session.ledger.daemons() if each != chosen]
        for place, each in enumerate([chosen, *others], 1):
            session.ledger.put_daemon(each._replace(place=place))
        session.record("daemon default", name, former=former.name)
    return True


def deploy(session: Session, name: str, said: Said) -> Daemon:
    """Record what is said of how a daemon runs, if it is news; raises InvalidError for what no recipe can say."""
    with session.transaction():
        daemon = find(session, name)
        wanted = checked(session, daemon, said.of(deployments.said(session, daemon)))
        if wanted != daemon.deployment:
            neighbours.check(session, daemon, wanted)
            daemon = daemon._replace(deployment=wanted)
            session.ledger.put_daemon(daemon)
            session.record("daemon deploy", name, **deployments.of(session, daemon)._asdict())
    return daemon


def remove(session: Session, name: str) -> None:
    """Remove a daemon from bundles and lists, and its files with it; what it was issued stays recorded."""
    with session.locked():
        with session.transaction():
            session.ledger.put_daemon(find(session, name)._replace(removed=session.now))
            session.record("daemon remove", name)
        files.remove_directory(session.daemon_directory(name))


@dataclass(frozen=True)
class Removal:
    """What the removal of a daemon comes to: `default_daemon` is the default then, None if no daemon is left."""

    daemon: DaemonState
    has_key: bool
    default_daemon: str | None


def removal(view: View, name: str) -> Removal:
    """Find out what would go with a daemon, and change nothing."""
    daemon = find(view, name)
    left = [each.name for each in view.ledger.daemons() if each.name != name]
    has_key = (view.daemon_directory(name) / KEY).exists()
    return Removal(state(view, daemon), has_key, left[0] if left else None)


def find(view: View, name: str) -> Daemon:
    """Find a daemon; raises MissingError, with the names there are."""
    daemon = view.ledger.daemon(name)
    if daemon is None or daemon.removed:
        known = [each.name for each in view.ledger.daemons()]
        code = "daemon-missing" if known else "daemons-none"
        raise MissingError(f"there is no daemon {name}", code=code, daemon=name, known=known)
    return daemon


def state(view: View, daemon: Daemon) -> DaemonState:
    """Return what is known of a daemon."""
    served = view.served_certificate(daemon)
    return DaemonState(
        name=daemon.name,
        url=daemon.url,
        hosts=daemon.hosts,
        directory=view.daemon_directory(daemon.name),
        serial=certificates.serial_text(served.serial_number) if served else None,
        expires=served.not_valid_after_utc if served else None,
        anchors=view.newest_number(),
        proven=daemon.proven if daemon.serving else None,
        behind=behind(view, daemon),
        default=daemon.name == default_name(view),
        deployment=deployments.of(view, daemon),
        took=took(view, daemon),
        sync=daemon.sync,
    )


def took(view: View, daemon: Daemon) -> int | None:
    """Return how many seconds after the newest publication a daemon was seen to hold it; None if that is not known."""
    if daemon.proven_at is None or daemon.proven != view.newest_number():
        return None
    return max(0, round((daemon.proven_at - view.newest_anchors().created).total_seconds()))


def default_name(view: View) -> str | None:
    """Return the daemon that laptops use unless they are told otherwise; None where there is none."""
    return next((daemon.name for daemon in view.ledger.daemons()), None)


def states(view: View) -> list[DaemonState]:
    """Return what is known of every daemon."""
    return [state(view, daemon) for daemon in view.ledger.daemons()]


def behind(view: View, daemon: Daemon) -> Behind | None:
    """Tell why a daemon is not known to hold what lies in its folder; None if it was seen to hold it."""
    if was_open(view, daemon):
        return Behind.OPEN
    served = view.served_certificate(daemon)
    if served is None:
        return Behind.NO_CERTIFICATE
    if not daemon.serving:
        return Behind.NOT_SEEN
    if daemon.proven < view.newest_number():
        return Behind.FORMER_ANCHORS
    if daemon.serving != certificates.serial_text(served.serial_number):
        return Behind.FORMER_CERTIFICATE
    return None


def was_open(view: View, daemon: Daemon) -> bool:
    """Tell whether the last check of a daemon, where it is now, saw that it lets strangers in."""
    if daemon.proven:  # nothing is proven of one that is open
        return False
    checks, moves = (
        view.ledger.events(subject=daemon.name, action=each, limit=1) for each in ("daemon check", "daemon move")
    )
    since = max([daemon.created, *(each.at for each in moves)])
    return any(each.at >= since and each.detail.get("open") is True for each in checks)


def _last_place(view: View) -> int:
    return max((each.place for each in view.ledger.daemons(also_removed=True)), default=0)


def _surely_held(view: View, name: str, url: str) -> int:
    """Return the publication that a daemon that is added holds at the least.

    One that is new to the team was never given older files than the newest. One that had this name or this address
    before, and was removed, may still hold what it was given then.
    """
    if any(name == each.name or url == each.url for each in view.ledger.daemons(also_removed=True)):
        return 0
    return view.newest_number()


def _check_names(session: Session, hosts: Sequence[str]) -> None:
    """Raise RefusedError for names that the authority's own constraints leave out."""
    from certkit.authority import existing_ca  # Go's rules, which what reads only does not need

    existing_ca.check_names(session.issuing("server"), hosts, session.now)


def checked(view: View, daemon: Daemon, wanted: Deployment) -> Deployment:
    """Return a deployment of which every recipe can be written."""
    from certkit import deploy  # what reads only needs no recipes

    deployments.check(wanted)
    deploy.render(wanted.kind, deployments.site(view, daemon, wanted))
    return wanted


def host_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Return names and addresses in their one form, each once; raise InvalidError for what is neither."""
    return tuple(dict.fromkeys(str(names.parse_machine(text).value) for text in texts))
