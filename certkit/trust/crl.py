"""The client authority's list of revoked certificates, for what stands in front of daemons (RFC 5280, section 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certkit.errors import InvalidError
from certkit.pki.certificates import Authority
from certkit.pki.extensions import key_identifier
from certkit.pki.keys import signature_hash

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


@dataclass(frozen=True)
class Entry:
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
    """Sign a list that is good for `life`; `number` grows with every list of this authority.

    `previous` is when the list before this one was signed: an expired entry stays until one list after its end
    has shown it (section 3.3). Raises InvalidError for a reason that is none of REASONS.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now)
        .next_update(now + life)
        .add_extension(key_identifier(authority.certificate), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for entry in sorted(entries, key=lambda each: (each.at, each.serial)):
        if previous is None or entry.expires >= previous:
            builder = builder.add_revoked_certificate(_revoked(entry))
    return builder.sign(authority.key, signature_hash(authority.key))


def to_pem(signed: x509.CertificateRevocationList) -> bytes:
    """Write a list as PEM; those of several authorities may stand in one file."""
    return signed.public_bytes(Encoding.PEM)


def _revoked(entry: Entry) -> x509.RevokedCertificate:
    if entry.reason not in REASONS:
        raise InvalidError(f"{entry.reason!r} is no reason to revoke", f"Use one of {', '.join(REASONS)}.")
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.at)
    if entry.reason != "unspecified":  # which is said by saying nothing
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason)), critical=False)
    return builder.build()
