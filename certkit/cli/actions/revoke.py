"""What `certkit revoke` and `certkit reinstate` do."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from certkit.authority import daemons, host_sync, lookup, revocation
from certkit.authority.overview import DeviceState, device_states
from certkit.authority.revocation import Subject
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.cli.support import home_access
from certkit.cli.support.deployment_steps import say_update
from certkit.cli.support.output import say, say_json, tell
from certkit.errors import InvalidError


@dataclass(frozen=True)
class ValidCertificate:
    """A certificate of a device that has not ended."""

    device: str
    serial: str
    expires: datetime


class Named(NamedTuple):
    """By what the person or the device is named: one of these."""

    person: str | None
    device: str | None
    serial: str | None


def revoke(home: Path | None, named: Named, reason: str, *, dry_run: bool, as_json: bool) -> None:
    """Revoke a person or a device, or say what would be done."""
    reason = revocation.reason_called(reason)
    with home_access.reading(home) if dry_run else home_access.changing(home) as view:
        subject = revocation.find(view, *named)
        namesakes = lookup.namesakes(view, subject.person)
        changed = isinstance(view, Session) and revocation.revoke(view, subject, reason)
        _report(view, subject, "revoke", changed=changed, dry_run=dry_run, as_json=as_json)
    if namesakes:  # which only a restored home can get so far without
        tell(f"Note: nobody here was called {subject.person}, and {', '.join(namesakes)} is not revoked by that.")


def revoke_host(home: Path | None, name: str, *, dry_run: bool, as_json: bool) -> None:
    """Take away the right of a daemon's host to fetch its files, or say what would be done."""
    with home_access.reading(home) if dry_run else home_access.changing(home) as view:
        daemon = daemons.find(view, name)
        changed = isinstance(view, Session) and host_sync.revoke(view, daemon)
        state = daemons.state(view, daemons.find(view, name))
        copying = home_access.command(view, f"daemon renew {name}")
    if as_json:
        say_json({"daemon": state, "changed": changed})
    elif daemon.sync is None:
        say(f"The host of {name} has no right to fetch its files; nothing changed.")
    elif dry_run:
        say(f"Would take away the right of the host of {name} to fetch its files", "Nothing changed.")
    else:
        say(f"Revoked the host of {name}: it gets no files any more. What it has stays good until it ends.")
        say(f"For a new host:  certkit invite --daemon {name}", f"To make its files here again:  {copying}")


def reinstate(home: Path | None, named: Named, *, without_devices: bool, dry_run: bool, as_json: bool) -> None:
    """Take a revocation back, or say what would be done."""
    with home_access.reading(home) if dry_run else home_access.changing(home) as view:
        subject = revocation.find(view, *named)
        if without_devices and subject.device:
            raise InvalidError(
                "--without-devices lets a person in, and none of their devices", "Name the person alone."
            )
        if without_devices and view.may_have_forgotten():
            tell("What was issued after the backup that this home was restored from is not known, and gets in again.")
        changed = isinstance(view, Session) and revocation.reinstate(view, subject, without_devices=without_devices)
        _report(view, subject, "reinstate", changed=changed, dry_run=dry_run, as_json=as_json)


def _report(team: View, subject: Subject, action: str, *, changed: bool, dry_run: bool, as_json: bool) -> None:
    states = device_states(team, subject.person)
    devices = [each for each in states if subject.device in {None, each.device}]
    valid = _valid(team, subject)
    if as_json:
        say_json(
            {
                "person": subject.person,
                "device": subject.device,
                "changed": changed,
                "name": subject.dns_name(team.team),
                "anchors": team.newest_number(),
                "devices": devices,
                "certificates": valid,
            }
        )
        return
    if dry_run:
        names = ", ".join(each.device for each in devices) or "no device"
        gone = [f"  certificate {each.serial} of {each.device}, good until {each.expires.date()}" for each in valid]
        _say_intent(team, subject, action, f"  devices: {names}", f"  by the name {subject.dns_name(team.team)}", *gone)
    elif changed:
        say(f"{action.capitalize().removesuffix('e')}ed {subject}")
    else:
        say(_already(subject, action))
    if action == "reinstate":
        _say_still_out(team, subject)
        if changed and not subject.device:
            _say_let_in(devices)
    if changed or (action == "revoke" and not dry_run):  # somebody who is out already may still get in somewhere
        say_update(team)


def _say_let_in(devices: Sequence[DeviceState]) -> None:
    valid = [f"{each.device} until {each.expires.date()}" for each in devices if each.expires and each.state == "valid"]
    say(f"Let in again: {', '.join(valid)}") if valid else None


def _valid(team: View, subject: Subject) -> list[ValidCertificate]:
    """Return the certificates that have not ended, which it is about."""
    found = team.ledger.certificates("device", person=subject.person, unexpired_at=team.now)
    about = [each for each in found if subject.device in {None, each.device}]
    return [ValidCertificate(each.device or "", each.serial, each.not_after) for each in about]


def _say_intent(team: View, subject: Subject, action: str, *how: str) -> None:
    if (revocation.revocation(team, subject) is not None) == (action == "revoke"):
        say(_already(subject, action))
    else:
        say(f"Would {action} {subject}", *how, "Nothing changed.")


def _already(subject: Subject, action: str) -> str:
    return f"{subject} is {'revoked already' if action == 'revoke' else 'not revoked'}; nothing changed."


def _say_still_out(team: View, subject: Subject) -> None:
    """Say what stays out for another reason than the one that is taken back."""
    person = team.ledger.person(subject.person)
    if subject.device and person and person.revoked:
        say(f"Still revoked, with all devices: {subject.person} (certkit reinstate {shlex.quote(subject.person)})")
    elif not subject.device:
        out = ", ".join(each.name for each in team.ledger.devices(subject.person) if each.revoked)
        say(f"Still revoked, as devices of their own: {out}") if out else None
