"""The client authority's list of revoked certificates, for what stands in front of daemons (RFC 5280, section 5)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certkit.errors import InvalidError
from certkit.pki.certificates import BACKDATED, Authority
from certkit.pki.extensions import key_identifier

REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
)
"""Those of section 5.3.1 that can be true of a device."""


class Entry(NamedTuple):
    """A revoked certificate: its serial number, when and why, and when it would have ended."""

    serial: int
    at: datetime
    reason: str
    expires: datetime


def crl(
    authority: Authority,
    entries: Iterable[Entry],
    number: int,
    now: datetime,
    life: timedelta,
    previous: datetime | None = None,
) -> x509.CertificateRevocationList:
    """Sign a list that is good until `life` from now; `number` grows with every list of this authority.

    A reader whose clock is late refuses everybody by a list that is not in force yet, so it begins a little before now,
    but never before its authority: whatever the clock says, a list can be made.
    `previous` is when the list before this one was signed: an expired entry stays until one list after its end
    has shown it (section 3.3). Raises InvalidError for a reason that is none of REASONS.
    """
    begin = max(now - BACKDATED, authority.certificate.not_valid_before_utc)
    shown = [each for each in entries if previous is None or each.expires >= previous]
    shown.sort(key=lambda each: (each.at, each.serial))
    # All at once: the builder copies its whole list for each certificate that is added to it.
    builder = x509.CertificateRevocationListBuilder(revoked_certificates=[_revoked(each, begin) for each in shown])
    builder = (
        builder.issuer_name(authority.certificate.subject)
        .last_update(begin)
        .next_update(max(now, begin) + life)
        .add_extension(key_identifier(authority.certificate), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    return authority.signer.sign_crl(builder)


def to_pem(signed: x509.CertificateRevocationList) -> bytes:
    """Encode a list as PEM; those of several authorities may stand in one file."""
    return signed.public_bytes(Encoding.PEM)


def _revoked(entry: Entry, latest: datetime) -> x509.RevokedCertificate:
    if entry.reason not in REASONS:
        raise InvalidError(
            f"{entry.reason!r} is not a revocation reason",
            f"Use one of {', '.join(REASONS)}.",
            code="revocation-reason-invalid",
            reason=entry.reason,
            known=REASONS,
        )
    # Nothing can have been revoked after the list begins (zlint: e_crl_revocation_time_after_this_update).
    at = min(entry.at, latest)
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(at)
    if entry.reason != "unspecified":  # which is said by saying nothing
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason)), critical=False)
    return builder.build()
