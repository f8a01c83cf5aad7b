"""All that is known of one person or one certificate."""

from dataclasses import dataclass
from datetime import datetime

from certkit.authority import lookup
from certkit.authority.overview import DeviceState, State, device_states
from certkit.authority.revocation import Subject, revocation
from certkit.authority.view import View
from certkit.ledger.interface import Certificate, Kind, Revocation
from certkit.pki import certificates


@dataclass(frozen=True)
class IssuedCertificate:
    """One certificate of a device."""

    serial: str
    issued: datetime
    expires: datetime


@dataclass(frozen=True)
class DeviceDetails:
    """A device with its certificates that have not expired, oldest first."""

    device: str
    state: State
    expires: datetime | None
    serial: str | None
    came: datetime | None
    """When it last came to the server."""
    renews_by: datetime | None
    """By when it should have renewed by itself."""
    certificates: tuple[IssuedCertificate, ...]


@dataclass(frozen=True)
class PersonDetails:
    """A person with all devices."""

    person: str
    since: datetime
    revoked: Revocation | None
    devices: tuple[DeviceDetails, ...]


@dataclass(frozen=True)
class CertificateDetails:
    """A certificate, and whose it is; `issuer` and `sha256` are fingerprints."""

    serial: str
    kind: Kind
    person: str | None
    device: str | None
    daemon: str | None
    revoked: Revocation | None
    not_before: datetime
    expires: datetime
    issuer: str
    sha256: str


def person_details(view: View, name: str) -> PersonDetails | None:
    """Return what is known of a person; None if there is nobody of that name."""
    person = lookup.person_called(view, name)
    if person is None:
        return None
    unexpired = view.ledger.certificates("device", person=person.name, unexpired_at=view.now)
    devices = tuple(_device(each, unexpired) for each in device_states(view, person.name))
    return PersonDetails(person.name, person.created, person.revoked, devices)


def certificate_details(view: View, serial: str) -> CertificateDetails | None:
    """Return what is known of a certificate by its serial number, however that is written; None if there is none."""
    found = lookup.certificate_by_serial(view, serial)
    if found is None:
        return None
    return CertificateDetails(
        serial=found.serial,
        kind=found.kind,
        person=found.person,
        device=found.device,
        daemon=found.daemon,
        revoked=_revocation(view, found),
        not_before=found.not_before,
        expires=found.not_after,
        issuer=found.issuer,
        sha256=certificates.fingerprint(certificates.load(found.der)),
    )


def _device(state: DeviceState, unexpired: list[Certificate]) -> DeviceDetails:
    own = tuple(
        IssuedCertificate(each.serial, each.created, each.not_after)
        for each in unexpired
        if each.device == state.device
    )
    return DeviceDetails(state.device, state.state, state.expires, state.serial, state.came, state.renews_by, own)


def _revocation(view: View, found: Certificate) -> Revocation | None:
    if not found.person:
        return None
    return revocation(view, Subject(found.person, found.device)) or revocation(view, Subject(found.person))
