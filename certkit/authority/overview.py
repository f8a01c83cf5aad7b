"""What of a team expires when, and what needs attention."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from certkit.authority import daemons
from certkit.authority.home import ROLES, Home
from certkit.authority.publication import CRL_LIFE, newest_anchors, served_certificate
from certkit.ledger.interface import Device

AUTHORITY_NOTICE = timedelta(days=400)
"""An authority shortens the life of what it signs in its last year."""
LIST_NOTICE = timedelta(days=60)
DAEMON_NOTICE = timedelta(days=30)
DEVICE_NOTICE = timedelta(days=14)
FORGOTTEN = timedelta(days=30)
"""A device whose certificate expired so long ago is taken to be gone, not forgotten."""


@dataclass(frozen=True)
class Item:
    """One thing that expires; `attention` says what is the matter, or nothing, and `remedy` is a command."""

    kind: str
    name: str
    expires: datetime
    attention: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class DeviceState:
    """A device with its newest certificate's end, if it has one, and whether it may build."""

    device: Device
    state: str
    """`valid`, `expired`, `revoked` or `none` (no certificate)."""
    expires: datetime | None
    serial: str | None


def status(home: Home, now: datetime) -> list[Item]:
    """Say what expires when: the authorities, the daemons, the devices that may build."""
    return [*_authorities(home, now), _revocation_list(home, now), *_daemons(home, now), *_devices(home, now)]


def device_states(home: Home, now: datetime, person: str | None = None) -> list[DeviceState]:
    """Give all devices, or those of a person, with the state of each."""
    newest = {
        (each.person, each.device): each for each in home.ledger.certificates("device", person=person, newest_only=True)
    }
    shut_out = {each.name for each in home.ledger.people() if each.revoked}
    states = []
    for device in home.ledger.devices(person):
        certificate = newest.get((device.person, device.name))
        if device.revoked or device.person in shut_out:
            state = "revoked"
        elif certificate is None:
            state = "none"
        else:
            state = "valid" if certificate.not_after > now else "expired"
        expires, serial = (certificate.not_after, certificate.serial) if certificate else (None, None)
        states.append(DeviceState(device, state, expires, serial))
    return states


def _authorities(home: Home, now: datetime) -> Iterator[Item]:
    for role in ROLES:
        end = home.certificate(role).not_valid_after_utc
        attention, remedy = _ending(end, now, AUTHORITY_NOTICE, f"certkit rotate {role} prepare")
        yield Item("authority", role, end, attention, remedy)


def _revocation_list(home: Home, now: datetime) -> Item:
    end = newest_anchors(home).created + CRL_LIFE
    any_daemon = next((daemon.name for daemon in home.ledger.daemons()), "--help")  # each publishes for all
    remedy = f"certkit daemon renew {any_daemon}"
    return Item("list", "revoked certificates", end, *_ending(end, now, LIST_NOTICE, remedy))


def _daemons(home: Home, now: datetime) -> Iterator[Item]:
    for each in home.ledger.daemons():
        served = served_certificate(home, each.name)
        end = served.not_valid_after_utc if served else each.created
        attention, remedy = _ending(end, now, DAEMON_NOTICE, f"certkit daemon renew {each.name}")
        if not attention:
            attention, remedy = daemons.behind(home, each), f"certkit daemon check {each.name}"
        yield Item("daemon", each.name, end, attention, remedy if attention else "")


def _devices(home: Home, now: datetime) -> Iterator[Item]:
    for each in device_states(home, now):
        if each.expires is None or each.state == "revoked" or each.expires + FORGOTTEN < now:
            continue
        person, device = each.device.person, each.device.name
        remedy = shlex.join(["certkit", "issue", person, "--device", device, "--out", f"{device}.certkit"])
        attention, remedy = _ending(each.expires, now, DEVICE_NOTICE, remedy)
        yield Item("device", f"{person} {device}", each.expires, attention, remedy)


def _ending(end: datetime, now: datetime, notice: timedelta, remedy: str) -> tuple[str, str]:
    if end <= now:
        return "expired", remedy
    return (f"expires in {(end - now).days} days", remedy) if end - now < notice else ("", "")
