"""What of a team expires when, and what needs attention."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from certkit import files
from certkit.authority import daemons, publication, undelivered, visits
from certkit.authority.daemons import Behind
from certkit.authority.exposure import exposed
from certkit.authority.home import LOCK, ROLES
from certkit.authority.publication import CRL_LIFE
from certkit.authority.sizes import Sizes
from certkit.authority.view import View
from certkit.ledger.interface import Enrolled, Newest
from certkit.pki import certificates

MANY_DEVICES = 100
"""More of them, of which nothing is the matter, are counted in a summary and not listed."""
AUTHORITY_NOTICE = timedelta(days=400)
"""An authority shortens the life of what it signs in its last year."""
LIST_NOTICE = timedelta(days=60)
DAEMON_NOTICE = timedelta(days=30)
FORGOTTEN = timedelta(days=30)
"""A device whose certificate expired so long ago is taken to be gone, not forgotten."""


class Kind(StrEnum):
    """What an item of the overview is."""

    AUTHORITY = "authority"
    CRL = "crl"
    DAEMON = "daemon"
    DEVICE = "device"
    HOME = "home"
    """The home, or a file in it, by its path."""


class Exposure(StrEnum):
    """What is the matter with a file."""

    READABLE = "readable-by-others"


class Growth(StrEnum):
    """Which limit something comes near."""

    SECRET = "nears-secret-limit"  # noqa: S105  no secret, but Kubernetes' word
    """A daemon's files are soon too large for a Kubernetes Secret."""
    BACKUP = "nears-backup-limit"
    """The home is soon too large for a backup."""


class Lack(StrEnum):
    """What a team cannot do without."""

    NO_DAEMON = "no-daemon"


class Note(StrEnum):
    """What a lead should know, though nothing is the matter now."""

    NOT_ENCRYPTED = "not-encrypted"
    """Whoever copies the authorities' keys has them."""
    NEVER_BACKED_UP = "never-backed-up"
    UNDELIVERED = "undelivered"
    """An interrupted command has recorded certificates whose bundles nobody has."""


class Expiry(StrEnum):
    """What is the matter with an end."""

    EXPIRED = "expired"
    EXPIRES_SOON = "expires-soon"
    NOT_YET_VALID = "not-yet-valid"
    """By a clock that was ahead, or this one is behind."""
    NOT_RENEWED = "not-renewed"
    """A device that renews by itself has not come when it should have."""


class Unpublished(StrEnum):
    """Why what was published last is no longer what daemons are to trust."""

    BEFORE_RESTORE = "publication-before-restore"
    FORMER_FORM = "publication-of-former-form"


_STALE: Mapping[publication.Stale, Expiry | Unpublished] = {
    publication.Stale.DATED_AHEAD: Expiry.NOT_YET_VALID,
    publication.Stale.BEFORE_RESTORE: Unpublished.BEFORE_RESTORE,
    publication.Stale.FORMER_FORM: Unpublished.FORMER_FORM,
}


class Severity(StrEnum):
    """How grave it is that something needs attention."""

    ERROR = "error"
    """Somebody cannot build now, or somebody may who must not."""
    WARNING = "warning"
    """It is due, and nothing is broken yet."""


class State(StrEnum):
    """Whether a device may build."""

    VALID = "valid"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NO_CERTIFICATE = "no-certificate"


_ENDED: Mapping[Expiry | None, State] = {
    Expiry.EXPIRED: State.EXPIRED,
    Expiry.NOT_YET_VALID: State.NOT_YET_VALID,
}
"""The ends of a device's certificate with which it may not build; with others it may."""


class Item(NamedTuple):
    """One thing; `name` is a role, a daemon, a path, or a person, who has a `device`."""

    kind: Kind
    name: str
    expires: datetime | None
    device: str | None = None
    attention: Expiry | Unpublished | Behind | Exposure | Growth | Lack | None = None
    """What is the matter, None if nothing is."""
    came: datetime | None = None
    """When a device last came to the server."""
    renews_by: datetime | None = None
    """By when a device that renews by itself should have done so."""
    proven: int | None = None
    """Of a daemon: the publication that it was last seen to hold, None if it was never seen."""
    took: int | None = None
    """Of a daemon whose host syncs: seconds from the newest publication until it was seen to hold that."""
    outcome: str | None = None
    """Of such a daemon: what its host has said last (`host_sync.Outcome`), None if nothing yet."""

    @property
    def severity(self) -> Severity | None:
        """How grave that is, None if nothing is the matter."""
        if self.attention is None:
            return None
        return Severity.WARNING if self.attention in _DUE else Severity.ERROR


_DUE = (Expiry.EXPIRES_SOON, Expiry.NOT_RENEWED, Exposure.READABLE, *Growth, Lack.NO_DAEMON)


class DeviceState(NamedTuple):
    """A device with its newest certificate, if it has one, and whether it may build."""

    person: str
    device: str
    state: State
    since: datetime
    """When it was first given a certificate."""
    issued: datetime | None
    """When it was given its newest one."""
    expires: datetime | None
    serial: str | None
    attention: Expiry | None = None
    """What is the matter with that end, where the device may build until then."""
    came: datetime | None = None
    """When it last came to the server; None if it never did."""
    renews_by: datetime | None = None
    """By when it should have renewed by itself; None if it does not."""


def overview(view: View, measured: Sizes) -> list[Item]:
    """Return what expires when, the authorities, the daemons, the devices that may build, and what others can read."""
    return _items(view, measured, _devices(view))


class Summary(NamedTuple):
    """What `overview` returns, for a screen."""

    items: list[Item]
    more_devices: int
    """How many devices more there are, which may build, and of which nothing is the matter."""


def summary(view: View, measured: Sizes) -> Summary:
    """Return what expires when; where there are many devices, those alone of which something is the matter."""
    count = view.ledger.count_enrolled(view.now)
    if count <= MANY_DEVICES:
        return Summary(overview(view, measured), 0)
    due = due_devices(view)
    items = _items(view, measured, map(_item, due))
    return Summary(items, count - sum(each.state in {State.VALID, State.NOT_YET_VALID} for each in due))


def _items(view: View, measured: Sizes, devices: Iterable[Item]) -> list[Item]:
    beside = _of_home(view, measured)
    return [*_authorities(view), _revocation_list(view), *_daemons(view, measured), *devices, *beside]


def notes(view: View) -> list[Note]:
    """Return what a lead should know beside the items."""
    found = {
        Note.NOT_ENCRYPTED: not view.is_encrypted("client"),
        Note.UNDELIVERED: bool(undelivered.serials(view)) and not files.is_locked(view.path / LOCK),
        Note.NEVER_BACKED_UP: not view.ledger.events(subject=view.team, action="backup", limit=1),
    }
    return [note for note, is_so in found.items() if is_so]


def device_states(view: View, person: str | None = None) -> list[DeviceState]:
    """Return all devices, or those of a person, with the state of each."""
    return list(each_device_state(view, person))


def each_device_state(view: View, person: str | None = None) -> Iterator[DeviceState]:
    """Yield what `device_states` returns, as it is read: there may be many."""
    for each in view.ledger.enrolled(person):
        yield _device_state(each, view.now)


def due_devices(view: View) -> list[DeviceState]:
    """Return the devices of which something is the matter, unless they ended long ago."""
    longest = max(view.settings.bundle_life, view.settings.device_life)
    until, of_who_come = view.now + certificates.NOTICE, view.now + longest * (1 - visits.LATEST)
    ending = view.ledger.enrolled_ending(view.now - FORGOTTEN, until, of_who_come)
    found = {(e.device.person, e.device.name): e for e in (*ending, *view.ledger.enrolled_beginning(view.now))}
    states = (_device_state(found[key], view.now) for key in sorted(found))
    return [state for state in states if state.attention]


def _device_state(found: Enrolled, now: datetime) -> DeviceState:
    device, newest = found.device, found.newest
    if newest is None:
        state = State.REVOKED if found.is_shut_out else State.NO_CERTIFICATE
        return DeviceState(device.person, device.name, state, device.created, None, None, None, came=device.came)
    end, renews_by = newest.not_after, visits.renews_by(device, newest)
    attention = None if found.is_shut_out else _end_of_device(newest, renews_by, now)
    state = _ENDED.get(attention, State.VALID)
    return DeviceState(
        device.person,
        device.name,
        State.REVOKED if found.is_shut_out else state,
        since=device.created,
        issued=newest.created,
        expires=end,
        serial=newest.serial,
        attention=attention,
        came=device.came,
        renews_by=renews_by,
    )


def _end_of_device(newest: Newest, renews_by: datetime | None, now: datetime) -> Expiry | None:
    end = newest.not_after
    if now < newest.not_before:
        return Expiry.NOT_YET_VALID
    if renews_by is None or end <= now:
        return _expiry(end, now, end - certificates.renewal_due(newest.not_before, end))
    return Expiry.NOT_RENEWED if renews_by <= now else None


def _authorities(view: View) -> Iterator[Item]:
    for role in ROLES:
        certificate = view.certificate(role)
        yield Item(
            Kind.AUTHORITY,
            role,
            certificate.not_valid_after_utc,
            attention=_validity(
                certificate.not_valid_before_utc, certificate.not_valid_after_utc, view.now, AUTHORITY_NOTICE
            ),
        )


def _revocation_list(view: View) -> Item:
    newest = view.newest_anchors()
    end = newest.created + CRL_LIFE
    why = publication.why_stale(view, newest)
    attention = _STALE[why] if why else _expiry(end, view.now, LIST_NOTICE)
    return Item(Kind.CRL, "revoked certificates", end, attention=attention)


def _daemons(view: View, measured: Sizes) -> Iterator[Item]:
    known = view.ledger.daemons()
    if not known:
        yield Item(Kind.DAEMON, "none", None, attention=Lack.NO_DAEMON)
    for each in known:
        served = view.served_certificate(each)
        begin, end = (served.not_valid_before_utc, served.not_valid_after_utc) if served else (None, None)
        expiry = _validity(begin, end, view.now, DAEMON_NOTICE) if begin and end else None
        behind = daemons.behind(view, each)
        growth = Growth.SECRET if measured.nears_secret(each) else None
        yield Item(
            Kind.DAEMON,
            each.name,
            end,
            attention=behind if behind is Behind.OPEN else expiry or behind or growth,
            proven=each.proven if each.serving else None,
            took=daemons.took(view, each) if each.sync else None,
            outcome=(each.sync.outcome or None) if each.sync else None,
        )


def _devices(view: View) -> Iterator[Item]:
    for each in device_states(view):
        if each.expires is None or each.state is State.REVOKED or each.expires + FORGOTTEN < view.now:
            continue
        yield _item(each)


def _item(each: DeviceState) -> Item:
    return Item(
        Kind.DEVICE, each.person, each.expires, each.device, each.attention, came=each.came, renews_by=each.renews_by
    )


def _of_home(view: View, measured: Sizes) -> Iterator[Item]:
    for path in exposed(view.path):
        yield Item(Kind.HOME, str(path), None, attention=Exposure.READABLE)
    if measured.nears_backup:
        yield Item(Kind.HOME, str(view.path), None, attention=Growth.BACKUP)


def _validity(begin: datetime, end: datetime, now: datetime, notice: timedelta) -> Expiry | None:
    return Expiry.NOT_YET_VALID if now < begin else _expiry(end, now, notice)


def _expiry(end: datetime, now: datetime, notice: timedelta) -> Expiry | None:
    if end <= now:
        return Expiry.EXPIRED
    return Expiry.EXPIRES_SOON if end - now < notice else None
