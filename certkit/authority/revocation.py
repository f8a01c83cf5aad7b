"""Take back what was given, and give it back: a person with all devices, or one device through all its renewals."""

from dataclasses import dataclass
from datetime import datetime

from certkit.authority import lookup
from certkit.authority.home import Home
from certkit.authority.publication import publishing
from certkit.errors import InvalidError, MissingError
from certkit.ledger.interface import Revocation
from certkit.pki import names
from certkit.trust.crl import REASONS


@dataclass(frozen=True)
class Subject:
    """Who or what is shut out or let in: a person, or one device of theirs."""

    person: str
    device: str | None = None

    def __str__(self) -> str:
        return f"{self.person}, device {self.device}" if self.device else self.person

    def dns_name(self, team: str) -> str:
        """Give the name that anchors exclude for it."""
        if self.device:
            return names.device_name(self.device, self.person, team)
        return names.person_name(self.person, team)


def find(home: Home, person: str | None, device: str | None, serial: str | None) -> Subject:
    """Say who or what is meant; a certificate by its serial means its device.

    Raises InvalidError if nothing, or too much, is named, MissingError if it is not there.
    """
    if serial and (person or device):
        raise InvalidError("a serial number already says whose it is", "Name the serial alone, or the person.")
    if serial:
        return _by_serial(home, serial)
    if device:
        found = lookup.find_device(home, device, person)
        return Subject(found.person, found.name)
    if person:
        return Subject(lookup.find_person(home, person).name)
    raise InvalidError("nobody is named", "Name a person, or --device NAME, or --serial NUMBER.")


def revocation(home: Home, subject: Subject) -> Revocation | None:
    """Say whether, when and why a subject itself was revoked."""
    if subject.device:
        device = home.ledger.device(subject.person, subject.device)
        return device.revoked if device else None
    person = home.ledger.person(subject.person)
    return person.revoked if person else None


def revoke(home: Home, subject: Subject, reason: str, now: datetime) -> bool:
    """Shut a subject out of every daemon that holds the anchors published now; False if it was out already."""
    check_reason(reason)
    return _set(home, subject, Revocation(now, reason), "revoke", now)


def check_reason(reason: str) -> None:
    """Raise InvalidError, with those there are, for a reason that is none."""
    if reason not in REASONS:
        raise InvalidError(f"{reason!r} is no reason", f"Choose from {', '.join(REASONS)}.")


def reinstate(home: Home, subject: Subject, now: datetime) -> bool:
    """Let a subject in again; a person's revoked devices stay out. False if it was not out."""
    return _set(home, subject, None, "reinstate", now)


def _set(home: Home, subject: Subject, wanted: Revocation | None, action: str, now: datetime) -> bool:
    if bool(revocation(home, subject)) == bool(wanted):
        return False
    with publishing(home, now):
        if subject.device:
            home.ledger.set_device_revoked(subject.person, subject.device, wanted)
        else:
            home.ledger.set_person_revoked(subject.person, wanted)
        detail = {"device": subject.device} if subject.device else {}
        home.record(action, subject.person, now, **detail, **({"reason": wanted.reason} if wanted else {}))
    return True


def _by_serial(home: Home, serial: str) -> Subject:
    found = home.ledger.certificate(lookup.serial(serial))
    if found is None:
        raise MissingError(f"there is no certificate {serial!r}", "See what there is: certkit show PERSON")
    if found.daemon:
        raise InvalidError(
            "that certificate is a daemon's, and daemons are not revoked",
            f"Give it a new one: certkit daemon renew {found.daemon}",
        )
    if not found.person:
        raise InvalidError("that certificate is a canary's, which no daemon lets in", "Name a person's certificate.")
    return Subject(found.person, found.device)
