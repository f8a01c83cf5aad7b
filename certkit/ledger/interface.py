"""What a ledger holds and answers, whatever database it lives in.

Names are the keys: a person's, a device's below a person's, a daemon's. Times are aware, in UTC, whole seconds.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Kind = Literal["daemon", "device", "canary"]


@dataclass(frozen=True)
class Revocation:
    """When somebody was shut out and why: a CRL reason of RFC 5280, section 5.3.1, such as `keyCompromise`."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Person:
    """Somebody who may build."""

    name: str
    label: str
    created: datetime
    revoked: Revocation | None = None


@dataclass(frozen=True)
class Device:
    """One enrolment of a person: a key made in one place, and its successors."""

    person: str
    name: str
    label: str
    created: datetime
    revoked: Revocation | None = None


@dataclass(frozen=True)
class Daemon:
    """A daemon by name, with its URL and the names and addresses in its certificate, the URL's host first."""

    name: str
    url: str
    hosts: tuple[str, ...]
    created: datetime
    proven: int = 0
    """The newest anchor's number that the daemon was seen to hold; 0 is none."""


@dataclass(frozen=True)
class Certificate:
    """A certificate that was signed; its row is written before it leaves."""

    serial: str
    """Lower-case hexadecimal, as `pki.certificates.serial_text` writes it."""
    kind: Kind
    issuer: str
    """The issuing authority's certificate by its fingerprint."""
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)
    created: datetime
    person: str | None = None
    device: str | None = None
    daemon: str | None = None


@dataclass(frozen=True)
class Event:
    """Something that was done: who, what, to whom or what, when, from which machine."""

    at: datetime
    actor: str
    host: str
    action: str
    subject: str
    detail: Mapping[str, object] = field(default_factory=dict)


class Ledger(Protocol):
    """The record of one team. Every change is made inside `transaction`, whole or not at all."""

    def transaction(self) -> AbstractContextManager[None]:
        """Begin a change; other writers wait. Commit at the end, or roll back on an exception."""

    def close(self) -> None:
        """Let go of the database."""

    def add_person(self, person: Person) -> None:
        """Add somebody; raises Refused if the label is another's."""

    def person(self, name: str) -> Person | None:
        """Find a person by name."""

    def people(self) -> list[Person]:
        """Give everybody, by name."""

    def add_device(self, device: Device) -> None:
        """Add a device; raises Refused if its label is that of another device of the person."""

    def device(self, person: str, name: str) -> Device | None:
        """Find one device."""

    def devices(self, person: str | None = None) -> list[Device]:
        """Give all devices, or those of a person, by person and name."""

    def set_person_revoked(self, name: str, revoked: Revocation | None) -> None:
        """Shut a person out, or let them in again."""

    def set_device_revoked(self, person: str, name: str, revoked: Revocation | None) -> None:
        """Shut a device out, or let it in again."""

    def put_daemon(self, daemon: Daemon) -> None:
        """Add a daemon, or replace what is known of it."""

    def daemon(self, name: str) -> Daemon | None:
        """Find a daemon by name."""

    def daemons(self) -> list[Daemon]:
        """Give all daemons, by name."""

    def add_certificate(self, certificate: Certificate) -> None:
        """Record a certificate that was signed."""

    def certificate(self, serial: str) -> Certificate | None:
        """Find a certificate by its serial number."""

    def certificates(
        self,
        kind: Kind,
        *,
        person: str | None = None,
        daemon: str | None = None,
        unexpired_at: datetime | None = None,
        newest_only: bool = False,
    ) -> list[Certificate]:
        """Give certificates, oldest first; `newest_only` keeps the last one of each device or daemon."""

    def add_event(self, event: Event) -> None:
        """Append to the log."""

    def events(self, *, subject: str | None = None, limit: int | None = None) -> list[Event]:
        """Give the newest events, oldest of them first."""
