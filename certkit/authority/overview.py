"""What of a team expires when, and what needs attention."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from certkit.authority import daemons
from certkit.authority.daemons import Behind
from certkit.authority.home import ROLES
from certkit.authority.publication import CRL_LIFE
from certkit.authority.view import View

AUTHORITY_NOTICE = timedelta(days=400)
"""An authority shortens the life of what it signs in its last year."""
LIST_NOTICE = timedelta(days=60)
DAEMON_NOTICE = timedelta(days=30)
DEVICE_NOTICE = timedelta(days=14)
FORGOTTEN = timedelta(days=30)
"""A device whose certificate expired so long ago is taken to be gone, not forgotten."""


class Kind(StrEnum):
    """What an item of the overview is."""

    AUTHORITY = "authority"
    CRL = "crl"
    DAEMON = "daemon"
    DEVICE = "device"


class Expiry(StrEnum):
    """What is the matter with an end."""

    EXPIRED = "expired"
    EXPIRES_SOON = "expires-soon"


class State(StrEnum):
    """Whether a device may build."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NO_CERTIFICATE = "no-certificate"


@dataclass(frozen=True)
class Item:
    """One thing that expires; `name` is a role, a daemon or a person, who has a `device`."""

    kind: Kind
    name: str
    expires: datetime
    device: str | None = None
    attention: Expiry | Behind | None = None
    """What is the matter, None if nothing is."""


@dataclass(frozen=True)
class DeviceState:
    """A device with its newest certificate's end, if it has one, and whether it may build."""

    person: str
    device: str
    state: State
    expires: datetime | None
    serial: str | None


def overview(view: View) -> list[Item]:
    """Return what expires when: the authorities, the daemons, the devices that may build."""
    return [*_authorities(view), _revocation_list(view), *_daemons(view), *_devices(view)]


def device_states(view: View, person: str | None = None) -> list[DeviceState]:
    """Return all devices, or those of a person, with the state of each."""
    newest = {
        (each.person, each.device): each for each in view.ledger.certificates("device", person=person, newest_only=True)
    }
    shut_out = {each.name for each in view.ledger.people() if each.revoked}
    states = []
    for device in view.ledger.devices(person):
        certificate = newest.get((device.person, device.name))
        if device.revoked or device.person in shut_out:
            state = State.REVOKED
        elif certificate is None:
            state = State.NO_CERTIFICATE
        else:
            state = State.VALID if certificate.not_after > view.now else State.EXPIRED
        expires, serial = (certificate.not_after, certificate.serial) if certificate else (None, None)
        states.append(DeviceState(device.person, device.name, state, expires, serial))
    return states


def _authorities(view: View) -> Iterator[Item]:
    for role in ROLES:
        end = view.certificate(role).not_valid_after_utc
        yield Item(Kind.AUTHORITY, role, end, attention=_expiry(end, view.now, AUTHORITY_NOTICE))


def _revocation_list(view: View) -> Item:
    end = view.newest_anchors().created + CRL_LIFE
    return Item(Kind.CRL, "revoked certificates", end, attention=_expiry(end, view.now, LIST_NOTICE))


def _daemons(view: View) -> Iterator[Item]:
    for each in view.ledger.daemons():
        served = view.served_certificate(each.name)
        end = served.not_valid_after_utc if served else each.created
        attention = _expiry(end, view.now, DAEMON_NOTICE) or daemons.behind(view, each)
        yield Item(Kind.DAEMON, each.name, end, attention=attention)


def _devices(view: View) -> Iterator[Item]:
    for each in device_states(view):
        if each.expires is None or each.state is State.REVOKED or each.expires + FORGOTTEN < view.now:
            continue
        attention = _expiry(each.expires, view.now, DEVICE_NOTICE)
        yield Item(Kind.DEVICE, each.person, each.expires, each.device, attention)


def _expiry(end: datetime, now: datetime, notice: timedelta) -> Expiry | None:
    if end <= now:
        return Expiry.EXPIRED
    return Expiry.EXPIRES_SOON if end - now < notice else None
