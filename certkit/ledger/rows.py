"""Between rows of a database and the dataclasses of the ledger; times are ISO 8601 in UTC, lists are JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from certkit.ledger.interface import (
    Actor,
    Anchors,
    Certificate,
    Daemon,
    Device,
    Event,
    Person,
    Revocation,
    RevokedCertificate,
)
from certkit.pki import names

Row = Sequence[Any]


def text_of(time: datetime) -> str:
    """Write a time."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(text: str) -> datetime:
    """Read a time."""
    return datetime.fromisoformat(text)


def revocation_values(revoked: Revocation | None) -> dict[str, str | None]:
    """Return the two columns of a revocation."""
    return {"at": text_of(revoked.at) if revoked else None, "reason": revoked.reason if revoked else None}


def revocation(at: str | None, reason: str) -> Revocation | None:
    """Read the two columns of a revocation."""
    return Revocation(time_of(at), reason) if at else None


def person(row: Row) -> Person:
    """Read a row of people."""
    name, label, created, at, reason = row
    return Person(name, label, time_of(created), revocation(at, reason))


def device(row: Row) -> Device:
    """Read a row of devices."""
    person, name, label, created, at, reason = row
    return Device(person, name, label, time_of(created), revocation(at, reason))


def daemon(row: Row) -> Daemon:
    """Read a row of daemons."""
    name, url, hosts, created, proven, serving, removed = row
    gone = time_of(removed) if removed else None
    # Whoever crafted a backup wrote these: a name becomes a folder's, and a host part of a command to paste.
    known = tuple(str(names.parse_host(host).value) for host in json.loads(hosts))
    return Daemon(names.slug(name, "daemon"), url, known, time_of(created), proven, serving, gone)


def certificate(row: Row) -> Certificate:
    """Read a row of certificates."""
    serial, kind, issuer, not_before, not_after, der, created, person, device, daemon, trusts, pin = row
    return Certificate(
        serial=serial,
        kind=kind,
        issuer=issuer,
        not_before=time_of(not_before),
        not_after=time_of(not_after),
        der=bytes(der),
        created=time_of(created),
        person=person,
        device=device,
        daemon=daemon,
        trusts=tuple(json.loads(trusts)),
        pin=pin,
    )


def revoked_certificate(row: Row) -> RevokedCertificate:
    """Read a certificate joined with its person and device."""
    serial, issuer, person, device, not_after, person_at, person_reason, device_at, device_reason = row
    by_person, by_device = revocation(person_at, person_reason), revocation(device_at, device_reason)
    return RevokedCertificate(serial, issuer, person, device, time_of(not_after), by_person, by_device)


def anchors(row: Row) -> Anchors:
    """Read a row of anchors."""
    number, created, ca, crl, *lists = row
    generations, excluded = (tuple(json.loads(each)) for each in lists)
    return Anchors(number, time_of(created), bytes(ca), bytes(crl), generations, excluded)


def event(row: Row) -> Event:
    """Read a row of events."""
    at, actor, host, access, action, subject, detail = row
    return Event(time_of(at), Actor(actor, host, access), action, subject, json.loads(detail))
