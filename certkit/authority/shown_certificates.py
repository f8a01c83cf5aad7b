"""Certificates that were shown over the network, in a handshake in which their keys were proven."""

from datetime import timedelta

from certkit.authority.view import View
from certkit.errors import RefusedError
from certkit.ledger.interface import Certificate, Kind
from certkit.pki import certificates

_NONE = timedelta()


def find(view: View, der: bytes, kind: Kind) -> Certificate | None:
    """Return what the ledger knows of a certificate; None if none of this kind is the same to the last byte."""
    found = view.ledger.certificate(certificates.serial_text(certificates.load(der).serial_number))
    return found if found and found.der == der and found.kind == kind else None


def refuse_expired(view: View, found: Certificate, grace: timedelta = _NONE) -> None:
    """Raise RefusedError for a certificate that has expired, and whose `grace` is over."""
    if found.not_after + grace <= view.now:
        raise RefusedError(
            f"that certificate expired on {found.not_after:%Y-%m-%d %H:%M} UTC",
            code="certificate-expired",
            expired=found.not_after,
        )
