"""Revoke and reinstate: a person with all devices, or one device through all its renewals."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from certkit.authority import lookup
from certkit.authority.changes import publishing
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.errors import InvalidError, MissingError
from certkit.ledger.interface import Certificate, Device, Person, Revocation
from certkit.pki import names
from certkit.trust.crl import REASONS

REASON_NAMES = {
    "lost": "keyCompromise",
    "stolen": "keyCompromise",
    "leaked": "keyCompromise",
    "left": "affiliationChanged",
    "moved": "affiliationChanged",
    "replaced": "superseded",
    "retired": "cessationOfOperation",
    "suspended": "certificateHold",
    "misused": "privilegeWithdrawn",
    **{reason: reason for reason in REASONS},
}
"""What a reason may be called, in plain words and in RFC 5280's, and as which of `REASONS` it is recorded."""


class Subject(NamedTuple):
    """Who or what is revoked or reinstated: a person, or one device of theirs."""

    person: str
    device: str | None = None

    def __str__(self) -> str:
        return f"{self.person}, device {self.device}" if self.device else self.person

    def dns_name(self, team: str) -> str:
        """Return the name that anchors exclude for it."""
        if self.device:
            return names.device_name(self.device, self.person, team)
        return names.person_name(self.person, team)


def find(view: View, person: str | None, device: str | None, serial: str | None) -> Subject:
    """Return who or what is meant; a certificate by its serial means its device.

    Anybody well named is, while a restored ledger may lack who was let in after the backup.

    Raises InvalidError if nothing, or too much, is named, MissingError if it is not there.
    """
    if serial and (person or device):
        raise InvalidError(
            "a serial number already says whose it is", "Name the serial alone, or the person.", code="subject-twice"
        )
    if serial:
        return _by_serial(view, serial)
    if person and view.may_have_forgotten():
        return _perhaps_forgotten(view, person, device)
    if device:
        found = lookup.find_device(view, device, person)
        return Subject(found.person, found.name)
    if person:
        return Subject(lookup.find_person(view, person).name)
    raise InvalidError("nobody is named", code="subject-missing")


def _perhaps_forgotten(view: View, person: str, device: str | None) -> Subject:
    known = lookup.person_called(view, person)
    holder = known.name if known else names.text(person, "person")
    if not device:
        return Subject(holder)
    found = lookup.devices_called(view, device, holder)
    return Subject(holder, found[0].name if found else names.text(device, "device"))


def revocation(view: View, subject: Subject) -> Revocation | None:
    """Return when and why a subject itself was revoked; None if it was not."""
    if subject.device:
        device = view.ledger.device(subject.person, subject.device)
        return device.revoked if device else None
    person = view.ledger.person(subject.person)
    return person.revoked if person else None


def revoke(session: Session, subject: Subject, reason: str) -> bool:
    """Shut a subject out of every daemon that holds the anchors published now; False if it was out already."""
    return _set(session, subject, Revocation(session.now, reason_called(reason)), "revoke")


def revoke_all(session: Session, subjects: Mapping[Subject, str]) -> None:
    """Shut out several, each for its reason, in one publication; whoever is out already stays out as before."""
    with publishing(session):
        for subject, reason in subjects.items():
            if not revocation(session, subject):
                _put(session, subject, Revocation(session.now, reason_called(reason)), "revoke")


def reason_called(text: str) -> str:
    """Return which of `REASONS` is meant; raises InvalidError that lists all names."""
    for name, reason in REASON_NAMES.items():
        if name.casefold() == text.casefold():
            return reason
    raise InvalidError(
        f"{text!r} is not a reason for a revocation", f"Choose from {', '.join(REASON_NAMES)}.", code="reason-unknown"
    )


def reinstate(session: Session, subject: Subject, *, without_devices: bool = False) -> bool:
    """Let a subject in again; a person's revoked devices stay out. False if it was not out.

    Somebody who is let in `without_devices` may be issued new ones, and all that they had stay revoked.
    """
    return _set(session, subject, None, "reinstate", without_devices=without_devices)


def _set(
    session: Session, subject: Subject, wanted: Revocation | None, action: str, *, without_devices: bool = False
) -> bool:
    former = revocation(session, subject)
    if bool(former) == bool(wanted):
        return False
    with publishing(session):
        admit(session, subject)
        if without_devices:
            for each in session.ledger.devices(subject.person):
                if not each.revoked:
                    session.ledger.set_device_revoked(subject.person, each.name, former)
        _put(session, subject, wanted, action, **({"without_devices": True} if without_devices else {}))
    return True


def _put(session: Session, subject: Subject, wanted: Revocation | None, action: str, **detail: object) -> None:
    if subject.device:
        session.ledger.set_device_revoked(subject.person, subject.device, wanted)
        detail = {"device": subject.device, **detail}
    else:
        session.ledger.set_person_revoked(subject.person, wanted)
    session.record(action, subject.person, **detail, **({"reason": wanted.reason} if wanted else {}))


def newest_of_devices(view: View) -> Iterator[Certificate]:
    """Return the newest certificate of every device that may build: the one that it is taken to use."""
    out = {(each.person, each.device) for each in view.ledger.revoked_certificates(view.now)}
    for each in view.ledger.certificates("device", newest_only=True, unexpired_at=view.now):
        if (each.person, each.device) not in out:
            yield each


def admit(session: Session, subject: Subject) -> None:
    """Record a subject as far as the ledger lacks it: one that is new, or one that a restored ledger must revoke."""
    person, device = subject.person, subject.device
    if session.ledger.person(person) is None:
        session.ledger.add_person(Person(person, names.label(person), session.now))
    if device and session.ledger.device(person, device) is None:
        session.ledger.add_device(Device(person, device, names.label(device), session.now))


def _by_serial(view: View, serial: str) -> Subject:
    found = lookup.certificate_by_serial(view, serial)
    if found is None:
        raise MissingError(f"there is no certificate {serial!r}", code="certificate-unknown", serial=serial)
    if found.daemon:
        raise InvalidError(
            "that certificate is a daemon's, and nothing makes laptops refuse it before it ends on "
            f"{found.not_after.date()}: whoever has its key can pose as that daemon until then",
            code="certificate-of-daemon",
            daemon=found.daemon,
        )
    if not found.person:
        raise InvalidError(
            "that certificate is a canary's, which no daemon lets in",
            "Name a person's certificate.",
            code="certificate-of-canary",
        )
    return Subject(found.person, found.device)
