"""Who shows a certificate over the network: who that is, what they need to know, and their next certificate."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from certkit.authority import issuance, server_identity, shown_certificates, visits
from certkit.authority.admission import Admission
from certkit.authority.issuance import Certified
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.enroll import bundle
from certkit.errors import RefusedError
from certkit.ledger.interface import Certificate
from certkit.pki import certificates, keys, requests


@dataclass(frozen=True)
class Holder:
    """Whoever has the key of a device's certificate that is good."""

    person: str
    device: str
    certificate: Certificate


def holder(view: View, der: bytes) -> Holder:
    """Find whose certificate was shown in a handshake, in which its key was proven.

    Raises RefusedError if the ledger does not know it as a device's, or if it is revoked or has expired.
    """
    found = shown_certificates.find(view, der, "device")
    if found is None or not found.person or not found.device:
        raise RefusedError("that certificate is none that this team has given to a device", code="certificate-foreign")
    issuance.refuse_revoked(view, found.person, found.device)
    shown_certificates.refuse_expired(view, found, view.settings.renewal_grace)
    return Holder(found.person, found.device, found)


def visit(session: Session, shown: Holder) -> Callable[[Session], dict[str, object]]:
    """Prepare what the holder of a certificate is told, as JSON takes it: where to build, whom to trust.

    What is returned gives the answer and notes that they came, and belongs into a transaction.
    """
    certificate, code = shown.certificate, session.ledger.code_of_certificate(shown.certificate.serial)
    known = bundle.settings(issuance.bundle_of(session, shown.person, shown.device, certificates.load(certificate.der)))
    told = known | {
        "server": server_identity.address(session).url,
        "client": (code and code.client) or None,
        "renew": _is_outdated(session, certificate),
    }

    def record(session: Session) -> dict[str, object]:
        visits.note_if_new(session, shown.person, shown.device, certificate.serial)
        return told

    return record


def _is_outdated(session: Session, shown: Certificate) -> bool:
    """Tell whether the next certificate would come from another authority, or with other daemons or authorities.

    It is to be had before its time then: a rotation waits until everybody has the next generation, and who has a
    former URL of a daemon may find nobody there.
    """
    now = issuance.terms(session)
    issuers = map(certificates.fingerprint, now.issuers)
    return {*shown.trusts} != {*now.trusts} or {*shown.urls} != {*now.daemons} or shown.issuer not in issuers


def renewal(session: Session, der: bytes, request: bytes) -> Callable[[Session], Certified]:
    """Prepare the answer to a CSR of whoever shows a certificate: the next one of the same name.

    What is returned gives the answer, and belongs into a transaction. The same key gets the same certificate again.
    Both raise as `holder` and `issuance.sign` do.
    """
    shown = holder(session, der)
    public_key = requests.read(request)
    pin = keys.public_pin(public_key).hex()
    whose = (shown.person, shown.device, shown.certificate.serial)
    before = _renewed_before(session, shown, pin)
    if before:
        return functools.partial(_again, whose=whose, before=before)
    made = issuance.draft_for(session, shown.person, shown.device, public_key)

    def record(session: Session) -> Certified:
        before = _renewed_before(session, shown, pin)  # by another process, which had the same request
        if before:
            return _again(session, whose, before)
        visits.note(session, *whose)
        return issuance.certified(session.acting(shown.person), made)

    return Admission((shown.person, shown.device, pin), record)


def _again(session: Session, whose: tuple[str, str, str], before: Certified) -> Certified:
    visits.note_if_new(session, *whose)
    return before


def _renewed_before(session: Session, shown: Holder, pin: str) -> Certified | None:
    for each in session.ledger.certificates_of_key(pin):
        is_theirs = (each.person, each.device) == (shown.person, shown.device) and each.not_after > session.now
        if is_theirs and each.serial != shown.certificate.serial and each.created >= shown.certificate.created:
            return issuance.certified_again(session, shown.person, shown.device, certificates.load(each.der))
    return None
