"""The row of a certificate in the ledger, which is written before the certificate leaves."""

from typing import TypedDict, Unpack

from cryptography.x509 import Certificate as X509Certificate

from certkit.authority.session import Session
from certkit.ledger.interface import Certificate, Kind
from certkit.pki.certificates import Authority, fingerprint, serial_text, to_der
from certkit.pki.keys import public_of, public_pin


class Holder(TypedDict, total=False):
    """Whose a certificate is."""

    person: str
    device: str
    daemon: str
    pin: str
    """That of its key, where somebody has just computed it."""
    trusts: tuple[int, ...]
    urls: tuple[tuple[str, str], ...]


def record_certificate(
    session: Session, kind: Kind, certificate: X509Certificate, authority: Authority, **holder: Unpack[Holder]
) -> None:
    """Write a certificate's row; belongs into a transaction."""
    if "pin" not in holder:
        holder["pin"] = public_pin(public_of(certificate)).hex()
    session.ledger.add_certificate(
        Certificate(
            serial=serial_text(certificate.serial_number),
            kind=kind,
            issuer=fingerprint(authority.certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            der=to_der(certificate),
            created=session.now,
            **holder,
        )
    )
