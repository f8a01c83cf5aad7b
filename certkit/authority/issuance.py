"""Certificates for people: a device's, for a key made here or for a request made elsewhere."""

import base64
import os
import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.x509 import Certificate

from certkit.authority.certificate_row import record_certificate
from certkit.authority.home import Home
from certkit.errors import RefusedError
from certkit.ledger.interface import Device, Person
from certkit.pki import certificates, names
from certkit.pki.keys import PublicKey, public_pin


@dataclass(frozen=True)
class Issued:
    """A certificate, whom it is for, and the server authorities that their laptop is to trust."""

    person: str
    device: str
    certificate: Certificate
    server_authorities: tuple[Certificate, ...]


def issue(home: Home, person: str, device: str | None, public_key: PublicKey, life: timedelta, now: datetime) -> Issued:
    """Sign a certificate for a person's device, and record both if they are new.

    A device that is there already gets another certificate of the same name. Raises RefusedError for somebody revoked,
    and for a key that was certified for another device, person or daemon: that one may have leaked.
    """
    person = names.text(person, "person")
    device = names.text(device, "device") if device else _new_device_name()
    authority = home.authority("client")
    certificate = certificates.device(
        authority,
        public_key,
        person=person,
        dns_name=names.device_name(device, person, home.team),
        now=now,
        life=life,
    )
    with home.ledger.transaction():
        if home.certificate("client") != authority.certificate:
            raise RefusedError("the client authority has just been replaced", "Run it again.")
        _admit(home, person, device, now)
        _check_key(home, person, device, public_pin(public_key).hex())
        trusts = home.rotation("server").trusted
        record_certificate(home, "device", certificate, authority, now, person=person, device=device, trusts=trusts)
        serial = certificates.serial_text(certificate.serial_number)
        until = str(certificate.not_valid_after_utc.date())
        home.record("issue", person, now, device=device, serial=serial, until=until)
        server_authorities = home.trusted("server")
    return Issued(person, device, certificate, server_authorities)


def _admit(home: Home, person: str, device: str, now: datetime) -> None:
    known = home.ledger.person(person)
    if known is None:
        home.ledger.add_person(Person(person, names.label(person), now))
    elif known.revoked:
        raise RefusedError(
            f"{person} has been revoked", f"Let them in again first: certkit reinstate {shlex.quote(person)}"
        )
    known_device = home.ledger.device(person, device)
    if known_device is None:
        home.ledger.add_device(Device(person, device, names.label(device), now))
    elif known_device.revoked:
        raise RefusedError(
            f"the device {device} of {person} has been revoked", "Issue for another device: --device NAME"
        )


def _check_key(home: Home, person: str, device: str, pin: str) -> None:
    for each in home.ledger.certificates_of_key(pin):
        if (each.person, each.device) != (person, device):
            holder = f"daemon {each.daemon}" if each.daemon else f"{each.person}, device {each.device}"
            raise RefusedError(
                f"that key has another holder: {holder}", "Have a new one made: certkit enroll --request FILE"
            )


def _new_device_name() -> str:
    return "laptop-" + base64.b32encode(os.urandom(3)).decode().lower()[:4]
