"""Who shows a certificate over the network: who that is, what they need to know, and their next certificate."""

from dataclasses import dataclass

from certkit.authority import issuance, server_identity, visits
from certkit.authority.issuance import Issued
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
    found = view.ledger.certificate(certificates.serial_text(certificates.load(der).serial_number))
    if found is None or found.der != der or found.kind != "device" or not found.person or not found.device:
        raise RefusedError("that certificate is none that this team has given to a device", code="certificate-foreign")
    issuance.refuse_revoked(view, found.person, found.device)
    if found.not_after + view.settings.renewal_grace <= view.now:
        raise RefusedError(
            f"that certificate expired on {found.not_after:%Y-%m-%d %H:%M} UTC",
            code="certificate-expired",
            expired=found.not_after,
        )
    return Holder(found.person, found.device, found)


def settings(session: Session, shown: Holder) -> dict[str, object]:
    """Return what the holder of a certificate needs to know, as JSON takes it: where to build, whom to trust."""
    visits.note_if_new(session, shown.person, shown.device, shown.certificate.serial)
    certificate, code = shown.certificate, session.ledger.code_of_certificate(shown.certificate.serial)
    known = bundle.settings(issuance.bundle_of(session, shown.person, shown.device, certificates.load(certificate.der)))
    return known | {"server": server_identity.address(session).url, "client": (code and code.client) or None}


def renew(session: Session, der: bytes, request: bytes) -> Issued:
    """Answer a CSR of whoever shows a certificate with the next one of the same name.

    The same key gets the same certificate again. Raises as `holder` and `issuance.sign` do.
    """
    shown = holder(session, der)
    person, device, serial = shown.person, shown.device, shown.certificate.serial
    public_key = requests.read(request)
    for each in session.ledger.certificates_of_key(keys.public_pin(public_key).hex()):
        is_theirs = (each.person, each.device) == (person, device) and each.not_after > session.now
        if is_theirs and each.serial != serial and each.created >= shown.certificate.created:
            visits.note_if_new(session, person, device, serial)
            return issuance.answer_again(session, person, device, certificates.load(each.der))
    return issuance.certify(session, person, device, public_key, lambda _: visits.note(session, person, device, serial))
