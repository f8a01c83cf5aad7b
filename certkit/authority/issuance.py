"""Certificates for people: bundles whose key is made here, and answers to requests whose key was made elsewhere."""

import base64
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.x509 import Certificate

from certkit.authority import approvals, cohort_authorities
from certkit.authority.certificate_row import Holder, record_certificate
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.enroll.bundle import Bundle, Daemon
from certkit.errors import InvalidError, RefusedError
from certkit.ledger import interface as ledger
from certkit.pki import certificates, keys, names, requests
from certkit.pki.certificates import Authority, serial_text
from certkit.pki.keys import PrivateKey, PublicKey, public_pin
from certkit.results import time_text


class Valid(NamedTuple):
    """A certificate that is good until it `expires`."""

    serial: str
    expires: datetime


class Issued(NamedTuple):
    """A certificate that was issued, and the bundle with which its holder enrolls."""

    certificate: Certificate
    bundle: Bundle
    issuer: Certificate
    also_valid: tuple[Valid, ...] = ()
    """The device's former certificates that have not ended."""

    @property
    def person(self) -> str:
        """Whose it is."""
        return self.bundle.person

    @property
    def device(self) -> str:
        """Which device of theirs it is for."""
        return self.bundle.device

    def chain(self) -> bytes:
        """Return the certificate and its issuer's in PEM form, as every TLS client takes them."""
        return certificates.to_pem(self.certificate) + certificates.to_pem(self.issuer)


class Certified(NamedTuple):
    """A certificate for a key that was made elsewhere, as it is answered over the network."""

    person: str
    device: str
    certificate: Certificate
    issuer: Certificate
    is_new: bool = True
    """Whether it was not issued before, to the same key."""


class Draft(NamedTuple):
    """A certificate that an authority has signed, and of which nothing may leave before it is recorded."""

    authority: Authority
    person: str
    device: str
    certificate: Certificate
    pin: str
    """The SHA-256 of its public key, in hexadecimal."""
    key: PrivateKey | None


def issue(session: Session, person: str, device: str | None = None, *, days: int | None = None) -> Issued:
    """Make a key and a certificate for a person's device, and record both names if they are new.

    A device that is there already gets another certificate of the same name; without a `device` a name is made up.
    It lives as long as the team has it, or fewer `days`. Raises RefusedError for somebody who is revoked, InvalidError
    for more days.
    """
    life = _life(session.settings.bundle_days, days)
    key = keys.generate(session.settings.key_type)
    return _issue(session, person, device, key.public_key(), life, key=key)


def sign(
    session: Session, request: bytes, person: str, device: str | None = None, *, days: int | None = None
) -> Issued:
    """Answer a CSR, PEM or DER, of which only the key is believed; the bundle holds no key.

    Raises as `issue` and `requests.read` do, and RefusedError for a key that was certified for another device, person
    or daemon: that one may have leaked.
    """
    return _issue(session, person, device, requests.read(request), _life(session.settings.device_days, days))


def _life(most: int, days: int | None) -> timedelta:
    if days is not None and days > most:
        raise InvalidError(
            f"{days} days are more than the team's {most}",
            "Leave --life out, or change the team's in team.yml.",
            code="life-too-long",
            days=days,
            most=most,
        )
    return timedelta(days=days or most)


def signing(session: Session) -> Callable[[str], Authority]:
    """Open the authority that signs; return which one it is for a person, by name.

    Raises as `Session.check_validity` does, for the server authority too: the bundle brings it.
    """
    found = cohort_authorities.signing(session)
    session.check_validity("server")
    return found


def draft(session: Session, sign_for: Callable[[str], Authority], person: str, device: str | None = None) -> Draft:
    """Make a key and a bundle's certificate, as `issue` does, and leave it to the caller to `record` it.

    `sign_for` is what `signing` returns: the authorities are opened once for many.
    """
    key = keys.generate(session.settings.key_type)
    return _draft(session, sign_for, person, device, key.public_key(), life=session.settings.bundle_life, key=key)


class Terms(NamedTuple):
    """What every bundle of one moment says alike, and which authorities may have signed its certificate."""

    daemons: tuple[Daemon, ...]
    server_authorities: tuple[Certificate, ...]
    trusts: tuple[int, ...]
    issuers: tuple[Certificate, ...]


def terms(view: View) -> Terms:
    """Return what bundles say now; raise RefusedError if there is no daemon to build on."""
    return view.recalled("terms", lambda: _terms(view))


def _terms(view: View) -> Terms:
    issuers, trusts = cohort_authorities.of(view, view.rotation("client").issuing), view.rotation("server").trusted
    authorities = tuple(view.certificate("server", generation) for generation in trusts)
    return Terms(_daemons(view), authorities, tuple(trusts), tuple(issuers))


def record(session: Session, made: Draft, now: Terms | None = None) -> Issued:
    """Record a certificate as `write` does, and return it with all that its holder needs to know.

    Whoever records many looks for the `terms` once.
    """
    now = now or terms(session)
    former = _valid(session, made.person, made.device) if write(session, made, now) else ()
    also_valid = tuple(each for each in former if each.serial != serial_text(made.certificate.serial_number))
    return issued_of(session.team, made, now, also_valid)


def write(session: Session, made: Draft, now: Terms) -> bool:
    """Record a certificate, its holder if they are new, and the event; belongs into a transaction.

    Return whether the device was there before. Raises RefusedError as `admit` does, for a key that was certified for
    somebody else, and if the authority has been replaced meanwhile.
    """
    authority, certificate, person, device = made.authority, made.certificate, made.person, made.device
    if authority.certificate not in now.issuers:
        raise RefusedError("the client authority has just been replaced", "Run it again.", code="authority-replaced")
    is_known = admit(session, person, device, made.pin)
    holder = Holder(person=person, device=device, pin=made.pin, trusts=now.trusts, urls=now.daemons)
    record_certificate(session, "device", certificate, authority, **holder)
    serial = serial_text(certificate.serial_number)
    session.record("issue", person, device=device, serial=serial, until=time_text(certificate.not_valid_after_utc))
    return is_known


def issued_of(team: str, made: Draft, now: Terms, also_valid: tuple[Valid, ...] = ()) -> Issued:
    """Return what a draft is to its holder, with all that they need to know."""
    bundle = _bundle(team, made.person, made.device, now, made.certificate, made.key)
    return Issued(made.certificate, bundle, made.authority.certificate, also_valid)


def draft_for(session: Session, person: str, device: str, public_key: PublicKey) -> Draft:
    """Sign a certificate for a device's key as `sign` does, and leave it to the caller to `write` it."""
    sign_for = cohort_authorities.signing(session)
    return _draft(session, sign_for, person, device, public_key, life=session.settings.device_life, key=None)


def certified(session: Session, made: Draft) -> Certified:
    """Record a draft and return it as it is answered over the network; raises as `write` does."""
    write(session, made, terms(session))
    return Certified(made.person, made.device, made.certificate, made.authority.certificate)


def certified_again(session: Session, person: str, device: str, certificate: Certificate) -> Certified:
    """Give once more what was issued for a key that was made elsewhere; raise RefusedError if it is revoked."""
    refuse_revoked(session, person, device)
    generations = session.rotation("client").trusted
    issuers = [each for generation in generations for each in cohort_authorities.of(session, generation)]
    issuer = next((each for each in issuers if certificates.points_to(certificate, each)), None)
    if issuer is None:
        raise RefusedError("its authority has been replaced meanwhile", "Ask for a new one.", code="authority-replaced")
    return Certified(person, device, certificate, issuer, is_new=False)


def _issue(
    session: Session,
    person: str,
    device: str | None,
    public_key: PublicKey,
    life: timedelta,
    *,
    key: PrivateKey | None = None,
) -> Issued:
    made = _draft(session, signing(session), person, device, public_key, life=life, key=key)
    with session.transaction():
        return record(session, made)


def _draft(
    session: Session,
    sign_for: Callable[[str], Authority],
    person: str,
    device: str | None,
    public_key: PublicKey,
    *,
    life: timedelta,
    key: PrivateKey | None,
) -> Draft:
    person = names.text(person, "person")
    device = names.text(device, "device") if device else new_device_name(session, person)
    authority = sign_for(person)
    certificate = certificates.device(
        authority,
        public_key,
        person=person,
        dns_name=names.device_name(device, person, session.team),
        now=session.now,
        life=life,
    )
    return Draft(authority, person, device, certificate, public_pin(public_key).hex(), key)


def _valid(session: Session, person: str, device: str) -> tuple[Valid, ...]:
    found = session.ledger.certificates("device", person=person, unexpired_at=session.now)
    return tuple(Valid(each.serial, each.not_after) for each in found if each.device == device)


def bundle_of(view: View, person: str, device: str, certificate: Certificate) -> Bundle:
    """Return all that a device needs to know, as it is now."""
    return _bundle(view.team, person, device, terms(view), certificate)


def _bundle(
    team: str, person: str, device: str, now: Terms, certificate: Certificate, key: PrivateKey | None = None
) -> Bundle:
    return Bundle(
        team=team,
        person=person,
        device=device,
        daemons=now.daemons,
        server_authorities=now.server_authorities,
        certificate=certificate,
        key=key,
    )


def _daemons(view: View) -> tuple[Daemon, ...]:
    """Return the daemons of a bundle, the default first; raise RefusedError if there is none to build on."""
    found = tuple(Daemon(daemon.name, daemon.url) for daemon in view.ledger.daemons())
    if not found:
        raise RefusedError("there is no daemon to build on", code="daemons-none")
    return found


def admit(session: Session, person: str, device: str | None, pin: str | None = None) -> bool:
    """Record a person and a device that are new, before somebody is let in; belongs into a transaction.

    Return whether the device was there before. Raises RefusedError for one that has been revoked, for a key, by the
    SHA-256 of it, that was certified for another device, person or daemon, and as `approvals.check_whom` does.
    """
    approvals.check_whom(session, person)
    found = refuse_revoked(session, person, device, pin)
    for each in found.holders:
        if (each.person, each.device) != (person, device):
            holder = f"daemon {each.daemon}" if each.daemon else f"{each.person}, device {each.device}"
            raise RefusedError(f"that key has another holder: {holder}", code="key-of-another", holder=holder)
    if not found.person:
        session.ledger.add_person(ledger.Person(person, names.label(person), session.now))
    if device and not found.device:
        session.ledger.add_device(ledger.Device(person, device, names.label(device), session.now))
    return found.device is not None


def refuse_revoked(view: View, person: str, device: str | None, pin: str | None = None) -> ledger.Applicant:
    """Raise RefusedError for a person or a device that has been revoked; else return what is known of them."""
    found = view.ledger.applicant(person, device, pin)
    if found.person and found.person.revoked:
        raise RefusedError(f"{person} has been revoked", code="person-revoked", person=person)
    if found.device and found.device.revoked:
        raise RefusedError(
            f"the device {device} of {person} has been revoked", code="device-revoked", person=person, device=device
        )
    return found


def new_device_name(view: View, person: str) -> str:
    """Make up a name that none of the person's devices has: two that share one are shown, and revoked, as one."""
    name = _made_up_name()
    while view.ledger.device(person, name):
        name = _made_up_name()
    return name


def _made_up_name() -> str:
    return "laptop-" + base64.b32encode(os.urandom(3)).decode().lower()[:4]
