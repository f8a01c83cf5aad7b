"""When each device comes to the server, what it shows there, and what it is therefore known to use.

A certificate that was issued is not yet one that is in use. A device that comes shows which one it uses: that one, or
one of those that it was given since. Of a device that never comes, as one that a bundle enrolled, nothing is seen, and
the newest is taken to be in use.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from certkit.authority.revocation import newest_of_devices
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.ledger.interface import Certificate, Device, Newest

_APART = timedelta(minutes=1)
"""Who asks again and again is noted once in so long: each note is a write."""
LATEST = 3 / 4
"""The part of its life after which a certificate should have been renewed: at two thirds a laptop begins to ask, and a
weekend or a journey may come between."""


@dataclass(frozen=True)
class Use:
    """A device that may build, when it last came, and the certificates one of which it uses now, oldest first."""

    person: str
    device: str
    came: datetime | None
    certificates: tuple[Certificate, ...]

    @property
    def renews(self) -> bool:
        """Whether it comes for its next certificate by itself."""
        return self.came is not None and self.came >= self.certificates[-1].created


def note(session: Session, person: str, device: str, shown: str | None = None) -> None:
    """Note that a device is here, and the serial of what it shows, if it does; belongs into a transaction."""
    session.ledger.set_device_came(person, device, session.now, shown)


def note_if_new(session: Session, person: str, device: str, shown: str) -> None:
    """Note the same, unless it was noted just before; belongs into a transaction, too."""
    known = session.ledger.device(person, device)
    is_noted = known and known.came and abs(session.now - known.came) < _APART
    if known and not (is_noted and known.shown == shown):
        note(session, person, device, shown)


def renews_by(device: Device, newest: Newest) -> datetime | None:
    """Return by when a device should have come for its next certificate; None if it has not come for this one."""
    if device.came is None or device.came < newest.created:
        return None
    return newest.not_before + (newest.not_after - newest.not_before) * LATEST


def uses(view: View) -> Iterator[Use]:
    """Return what each device that may build is taken to use."""
    devices = {(each.person, each.name): each for each in view.ledger.devices()}
    for newest in newest_of_devices(view):
        person, name = newest.person or "", newest.device or ""
        device = devices.get((person, name))  # whoever crafted a backup may have left it out
        found = _since_shown(view, device, newest) if device else (newest,)
        yield Use(person, name, device.came if device else None, found)


def _since_shown(view: View, device: Device, newest: Certificate) -> tuple[Certificate, ...]:
    if device.shown in {"", newest.serial}:
        return (newest,)
    unexpired = view.ledger.certificates("device", person=device.person, unexpired_at=view.now)
    own = [each for each in unexpired if each.device == device.name]
    serials = [each.serial for each in own]
    return tuple(own[serials.index(device.shown) if device.shown in serials else 0 :])
