"""Judge an authority that was made elsewhere, before it becomes one of a team's."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.errors import MalformedError, RefusedError
from certkit.pki import extensions, keys
from certkit.pki.certificates import Authority, has_signed
from certkit.trust import trial
from certkit.trust.rotation import Role

_SHORT = timedelta(days=400)
_PURPOSES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


class Unfit(StrEnum):
    """Why an authority cannot take its role."""

    UNREADABLE = "unreadable"
    OTHER_KEY = "other-key"
    NOT_SELF_SIGNED = "not-self-signed"
    NO_AUTHORITY = "no-authority"
    NO_CERTIFICATE_SIGNING = "no-certificate-signing"
    OTHER_PURPOSES = "other-purposes"
    NAMES_LEFT_OUT = "names-left-out"
    UNPROVABLE = "unprovable"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"


class Shortcoming(StrEnum):
    """What an adopted authority lacks, compared with one that certkit makes."""

    MAKES_AUTHORITIES = "makes-authorities"
    ENDS_SOON = "ends-soon"
    NO_CRL_SIGNING = "no-crl-signing"
    UNKNOWN_CERTIFICATES = "unknown-certificates"
    NAME_CONSTRAINTS = "name-constraints"
    UNKNOWN_DAEMONS = "unknown-daemons"
    KEY_ELSEWHERE = "key-elsewhere"


_REASONS = {
    Unfit.UNREADABLE: "its certificate cannot be read in full",
    Unfit.OTHER_KEY: "its key is not that of its certificate",
    Unfit.NOT_SELF_SIGNED: "it is not self-signed",
    Unfit.NO_AUTHORITY: "it is not an authority: its basic constraints say so",
    Unfit.NO_CERTIFICATE_SIGNING: "its key usage does not let it sign certificates",
    Unfit.OTHER_PURPOSES: "its extended key usage is for other purposes",
    Unfit.NAMES_LEFT_OUT: "its name constraints leave out the names that certkit gives",
    Unfit.UNPROVABLE: "its own constraints would be taken for certkit's: no daemon could prove whom it refuses",
    Unfit.EXPIRED: "it has expired",
    Unfit.NOT_YET_VALID: "it is not valid yet",
}


class UnfitAuthorityError(RefusedError):
    """An authority cannot take the role that it was to take; `reason` among its fields is an `Unfit`."""

    code = "authority-unfit"

    def __init__(self, role: Role, reason: Unfit) -> None:
        super().__init__(
            f"this cannot be the {role} authority: {_REASONS[reason]}",
            "Adopt another, or let certkit make one: it is new.",
            role=role,
            reason=reason,
        )


def check(adopted: Mapping[Role, Authority], team: str, now: datetime) -> None:
    """Raise UnfitAuthorityError if an authority cannot take its role."""
    for role, authority in adopted.items():
        try:
            reason = _unfit(authority, role, now) or (_by_trial(authority, team, now) if role == "client" else None)
        except (MalformedError, ValueError, UnsupportedAlgorithm):
            reason = Unfit.UNREADABLE
        if reason:
            raise UnfitAuthorityError(role, reason)
        keys.check_public(authority.certificate.public_key())
    if len({keys.public_pin(authority.signer.public_key) for authority in adopted.values()}) < len(adopted):
        raise RefusedError(
            "one authority cannot be both: whom it lets in could pose as the daemon",
            "Adopt it as one of the two, and let certkit make the other.",
            code="authority-twice",
        )


def shortcomings(authority: Authority, role: Role, now: datetime) -> list[Shortcoming]:
    """Return what an adopted authority lacks, compared with one that certkit makes."""
    certificate = authority.certificate
    constraints = _basic(certificate)
    is_constrained = extensions.find(certificate, x509.NameConstraints) is not None
    found = {
        Shortcoming.MAKES_AUTHORITIES: bool(constraints and constraints.path_length != 0),
        Shortcoming.ENDS_SOON: certificate.not_valid_after_utc - now < _SHORT,
        Shortcoming.NO_CRL_SIGNING: not _may(certificate, "crl_sign"),
        Shortcoming.UNKNOWN_CERTIFICATES: role == "client",
        Shortcoming.NAME_CONSTRAINTS: role == "server" and is_constrained,
        Shortcoming.UNKNOWN_DAEMONS: role == "server",
        Shortcoming.KEY_ELSEWHERE: True,
    }
    return [each for each, holds in found.items() if holds]


def _unfit(authority: Authority, role: Role, now: datetime) -> Unfit | None:
    certificate = authority.certificate
    found = {
        Unfit.OTHER_KEY: not keys.is_key_of(authority.signer.public_key, certificate),
        Unfit.NOT_SELF_SIGNED: not has_signed(certificate, certificate),
        Unfit.NO_AUTHORITY: not _basic(certificate),
        Unfit.NO_CERTIFICATE_SIGNING: not _may(certificate, "key_cert_sign"),
        Unfit.OTHER_PURPOSES: not extensions.allows(certificate, _PURPOSES[role]),
        Unfit.EXPIRED: certificate.not_valid_after_utc <= now,
        Unfit.NOT_YET_VALID: certificate.not_valid_before_utc > now,
    }
    return next((each for each, holds in found.items() if holds), None)


def _by_trial(authority: Authority, team: str, now: datetime) -> Unfit | None:
    """Try what daemons would do with what it signs: its own constraints may leave out, or forge, what certkit needs."""
    found = trial.shortcomings(authority, team, now)
    if trial.Shortcoming.LEAF_REFUSED in found:
        return Unfit.NAMES_LEFT_OUT
    return Unfit.UNPROVABLE if found else None


def _basic(certificate: x509.Certificate) -> x509.BasicConstraints | None:
    found = extensions.find(certificate, x509.BasicConstraints)
    return found if found and found.ca else None


def _may(certificate: x509.Certificate, usage: str) -> bool:
    found = extensions.find(certificate, x509.KeyUsage)
    return found is None or bool(getattr(found, usage))  # without it, for everything: RFC 5280, section 4.2.1.3
