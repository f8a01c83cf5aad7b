"""Certificates for people: bundles whose key is made here, and answers to requests whose key was made elsewhere."""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cryptography.x509 import Certificate

from certkit.authority import cohort_authorities
from certkit.authority.certificate_row import record_certificate
from certkit.authority.revocation import Subject, admit, revocation
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.enroll.bundle import Bundle, Daemon
from certkit.errors import RefusedError
from certkit.pki import certificates, keys, names, requests
from certkit.pki.keys import PrivateKey, PublicKey, public_pin
from certkit.results import time_text


@dataclass(frozen=True)
class Issued:
    """A certificate that was issued, and the bundle with which its holder enrolls."""

    certificate: Certificate
    bundle: Bundle
    is_new: bool = True
    """Whether it was not issued before, to the same key."""

    @property
    def person(self) -> str:
        """Whose it is."""
        return self.bundle.person

    @property
    def device(self) -> str:
        """Which device of theirs it is for."""
        return self.bundle.device


def issue(session: Session, person: str, device: str | None = None) -> Issued:
    """Make a key and a certificate for a person's device, and record both names if they are new.

    A device that is there already gets another certificate of the same name; without a `device` a name is made up.
    Raises RefusedError for somebody who is revoked.
    """
    key = keys.generate(session.settings.key_type)
    return _issue(session, person, device, key.public_key(), session.settings.bundle_life, key=key)


def sign(session: Session, request: bytes, person: str, device: str | None = None) -> Issued:
    """Answer a CSR, PEM or DER, of which only the key is believed; the bundle holds no key.

    Raises as `issue` and `requests.read` do, and RefusedError for a key that was certified for another device, person
    or daemon: that one may have leaked.
    """
    return _issue(session, person, device, requests.read(request), session.settings.device_life)


def certify(
    session: Session,
    person: str,
    device: str,
    public_key: PublicKey,
    within: Callable[[Certificate], None] | None = None,
) -> Issued:
    """Certify a key for a device as `sign` does; `within` is called in the transaction, and prevents it by raising."""
    return _issue(session, person, device, public_key, session.settings.device_life, within=within)


def answer_again(session: Session, person: str, device: str, certificate: Certificate) -> Issued:
    """Give once more what was issued for a key that was made elsewhere; raise RefusedError if it is revoked."""
    refuse_revoked(session, person, device)
    return Issued(certificate, bundle_of(session, person, device, certificate), is_new=False)


def _issue(
    session: Session,
    person: str,
    device: str | None,
    public_key: PublicKey,
    life: timedelta,
    *,
    key: PrivateKey | None = None,
    within: Callable[[Certificate], None] | None = None,
) -> Issued:
    person = names.text(person, "person")
    device = names.text(device, "device") if device else new_device_name()
    authority = cohort_authorities.signing_for(session, person)
    certificate = certificates.device(
        authority,
        public_key,
        person=person,
        dns_name=names.device_name(device, person, session.team),
        now=session.now,
        life=life,
    )
    with session.transaction():
        if authority.certificate not in cohort_authorities.of(session, session.rotation("client").issuing):
            raise RefusedError(
                "the client authority has just been replaced", "Run it again.", code="authority-replaced"
            )
        _admit(session, person, device)
        _check_key(session, person, device, public_pin(public_key).hex())
        trusts = session.rotation("server").trusted
        record_certificate(session, "device", certificate, authority, person=person, device=device, trusts=trusts)
        serial = certificates.serial_text(certificate.serial_number)
        session.record("issue", person, device=device, serial=serial, until=time_text(certificate.not_valid_after_utc))
        if within:
            within(certificate)
        return Issued(certificate, bundle_of(session, person, device, certificate, key))


def bundle_of(view: View, person: str, device: str, certificate: Certificate, key: PrivateKey | None = None) -> Bundle:
    """Return all that a device needs to know, as it is now."""
    return Bundle(
        team=view.team,
        person=person,
        device=device,
        daemons=tuple(Daemon(daemon.name, daemon.url) for daemon in view.ledger.daemons()),
        server_authorities=view.trusted("server"),
        certificate=certificate,
        key=key,
    )


def _admit(session: Session, person: str, device: str) -> None:
    """Record a person and a device that are new; raise RefusedError for one that has been revoked."""
    refuse_revoked(session, person, device)
    admit(session, Subject(person, device))


def refuse_revoked(view: View, person: str, device: str | None) -> None:
    """Raise RefusedError for a person or a device that has been revoked."""
    if revocation(view, Subject(person)):
        raise RefusedError(f"{person} has been revoked", code="person-revoked", person=person)
    if device and revocation(view, Subject(person, device)):
        raise RefusedError(
            f"the device {device} of {person} has been revoked", code="device-revoked", person=person, device=device
        )


def _check_key(session: Session, person: str, device: str, pin: str) -> None:
    for each in session.ledger.certificates_of_key(pin):
        if (each.person, each.device) != (person, device):
            holder = f"daemon {each.daemon}" if each.daemon else f"{each.person}, device {each.device}"
            raise RefusedError(f"that key has another holder: {holder}", code="key-of-another", holder=holder)


def new_device_name() -> str:
    """Make up the name of a device."""
    return "laptop-" + base64.b32encode(os.urandom(3)).decode().lower()[:4]
