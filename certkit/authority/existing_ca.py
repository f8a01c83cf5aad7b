"""Judge an authority that was made elsewhere, before it becomes one of a team's."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.errors import MalformedError, RefusedError
from certkit.pki import certificates, extensions, go_certificate, go_extensions, keys
from certkit.pki.certificates import Authority, has_signed_itself
from certkit.trust import trial
from certkit.trust.go_rules import Refusal
from certkit.trust.rotation import Role

_SHORTEST_RSA, _SHORTEST_OWN_RSA = 2048, 3072
"""Bits: what every TLS library takes (easy-rsa and cfssl make such authorities), and what certkit makes."""
_EXPONENT = 65537
_SHORT = timedelta(days=400)
_PURPOSES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


class Unfit(StrEnum):
    """Why an authority cannot take its role."""

    UNREADABLE = "unreadable"
    UNREADABLE_TO_GO = "unreadable-to-go"
    NEGATIVE_SERIAL = "negative-serial"
    VERSION_1 = "version-1"
    OTHER_KEY = "other-key"
    NOT_SELF_SIGNED = "not-self-signed"
    NO_AUTHORITY = "no-authority"
    NO_CERTIFICATE_SIGNING = "no-certificate-signing"
    OTHER_PURPOSES = "other-purposes"
    UNKNOWN_EXTENSION = "unknown-critical-extension"
    NAMES_LEFT_OUT = "names-left-out"
    DAEMON_LEFT_OUT = "daemon-left-out"
    OF_NO_USE = "of-no-use"
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
    WEAK_SIGNATURE = "weak-signature"
    SHORT_KEY = "short-key"
    RARE_CURVE = "rare-curve"


_REASONS = {
    Unfit.UNREADABLE: "its certificate cannot be read in full",
    Unfit.UNREADABLE_TO_GO: "Go, which all daemons and clients are made with, cannot read its certificate",
    Unfit.NEGATIVE_SERIAL: "its serial number is negative, and what is built with Go 1.23 or later refuses that",
    Unfit.VERSION_1: "its certificate is of X.509 version 1, which cannot say that it is an authority's",
    Unfit.OTHER_KEY: "its key is not that of its certificate",
    Unfit.NOT_SELF_SIGNED: "it is not self-signed",
    Unfit.NO_AUTHORITY: "it is not an authority: its basic constraints say so",
    Unfit.NO_CERTIFICATE_SIGNING: "its key usage does not let it sign certificates",
    Unfit.OTHER_PURPOSES: "its extended key usage is for other purposes",
    Unfit.NAMES_LEFT_OUT: "its name constraints leave out the names that certkit gives",
    Unfit.UNKNOWN_EXTENSION: "it has a critical extension that Go does not know, so every daemon and client refuses it",
    Unfit.DAEMON_LEFT_OUT: "its name constraints leave out the daemon itself",
    Unfit.OF_NO_USE: "daemons and clients refuse what it signs",
    Unfit.UNPROVABLE: "its own constraints would be taken for certkit's: no daemon could prove whom it refuses",
    Unfit.EXPIRED: "it has expired",
    Unfit.NOT_YET_VALID: "it is not valid yet",
}


class UnfitAuthorityError(RefusedError):
    """An authority cannot take the role that it was to take; `reason` among its fields is an `Unfit`."""

    code = "authority-unfit"

    def __init__(self, role: Role, reason: Unfit, detail: str = "") -> None:
        super().__init__(
            f"this cannot be the {role} authority: {_REASONS[reason]}{detail and f' ({detail})'}",
            "Adopt another, or let certkit make one: it is new.",
            role=role,
            reason=reason,
        )


def check(adopted: Mapping[Role, Authority], team: str, hosts: Sequence[str], now: datetime) -> None:
    """Raise UnfitAuthorityError if an authority cannot take its role; `hosts` are the names of the team's daemon."""
    for role, authority in adopted.items():
        try:
            _check_one(authority, role, team, hosts, now)
        except (MalformedError, ValueError, UnsupportedAlgorithm):
            raise UnfitAuthorityError(role, Unfit.UNREADABLE) from None
    if len({keys.public_pin(authority.signer.public_key) for authority in adopted.values()}) < len(adopted):
        raise RefusedError(
            "one authority cannot be both: whom it lets in could pose as the daemon",
            "Adopt it as one of the two, and let certkit make the other.",
            code="authority-twice",
        )


def check_names(authority: Authority, hosts: Sequence[str], now: datetime) -> None:
    """Raise RefusedError if an adopted authority's own name constraints leave out a name of a daemon."""
    if extensions.find(authority.certificate, x509.NameConstraints) is None:
        return
    left_out = [host for host in hosts if trial.refusal_of_daemon(authority, [host], now)]
    if left_out:
        raise RefusedError(
            f"the server authority's name constraints leave out {', '.join(left_out)}", code="daemon-left-out"
        )


def shortcomings(authority: Authority, role: Role, now: datetime) -> list[Shortcoming]:
    """Return what an adopted authority lacks, compared with one that certkit makes."""
    certificate = authority.certificate
    basic = extensions.find(certificate, x509.BasicConstraints)
    is_constrained = extensions.find(certificate, x509.NameConstraints) is not None
    found = {
        Shortcoming.MAKES_AUTHORITIES: bool(basic and basic.path_length != 0),
        Shortcoming.ENDS_SOON: certificate.not_valid_after_utc - now < _SHORT,
        Shortcoming.NO_CRL_SIGNING: not _may(certificate, "crl_sign"),
        Shortcoming.UNKNOWN_CERTIFICATES: role == "client",
        Shortcoming.NAME_CONSTRAINTS: role == "server" and is_constrained,
        Shortcoming.UNKNOWN_DAEMONS: role == "server",
        Shortcoming.WEAK_SIGNATURE: isinstance(certificate.signature_hash_algorithm, keys.WEAK_HASHES),
        Shortcoming.SHORT_KEY: _is_short(certificate.public_key()),
        Shortcoming.RARE_CURVE: _is_on_p521(certificate.public_key()),
        Shortcoming.KEY_ELSEWHERE: True,
    }
    return [each for each, holds in found.items() if holds]


def _check_one(authority: Authority, role: Role, team: str, hosts: Sequence[str], now: datetime) -> None:
    certificate = authority.certificate
    encoded = certificates.to_der(certificate)
    public = certificate.public_key()
    if not (_is_short(public) or _is_on_p521(public)):
        keys.check_public(public)
    if problem := go_certificate.problem(encoded):
        raise UnfitAuthorityError(role, Unfit.UNREADABLE_TO_GO, problem)
    if reason := _unfit(authority, role, now):
        raise UnfitAuthorityError(role, reason)
    refused = trial.refusal_of_daemon(authority, hosts, now) if role == "server" else None
    refused = refused or (trial.refusal_of_device(authority, team, now) if role == "client" else None)
    if refused:
        raise UnfitAuthorityError(role, _reason(refused, role), _detail(refused, certificate, hosts, role))
    if role == "client" and trial.shortcomings(authority, team, now):
        raise UnfitAuthorityError(role, Unfit.UNPROVABLE)


def _unfit(authority: Authority, role: Role, now: datetime) -> Unfit | None:
    certificate = authority.certificate
    found: dict[Unfit, Callable[[], bool]] = {
        Unfit.OTHER_KEY: lambda: not keys.is_key_of(authority.signer.public_key, certificate),
        Unfit.NEGATIVE_SERIAL: lambda: go_certificate.has_negative_serial(certificates.to_der(certificate)),
        Unfit.NOT_SELF_SIGNED: lambda: not has_signed_itself(certificate),
        Unfit.VERSION_1: lambda: certificate.version is x509.Version.v1,
        Unfit.NO_AUTHORITY: lambda: not extensions.is_authority(certificate),
        Unfit.NO_CERTIFICATE_SIGNING: lambda: not _may(certificate, "key_cert_sign"),
        Unfit.OTHER_PURPOSES: lambda: not extensions.allows(certificate, _PURPOSES[role]),
        Unfit.EXPIRED: lambda: certificate.not_valid_after_utc <= now,
        Unfit.NOT_YET_VALID: lambda: certificate.not_valid_before_utc > now,
    }
    return next((each for each, holds in found.items() if holds()), None)


def _reason(refused: Refusal, role: Role) -> Unfit:
    if refused in (Refusal.NAME_EXCLUDED, Refusal.NAME_NOT_PERMITTED):
        return Unfit.DAEMON_LEFT_OUT if role == "server" else Unfit.NAMES_LEFT_OUT
    return Unfit.UNKNOWN_EXTENSION if refused is Refusal.UNKNOWN_EXTENSION else Unfit.OF_NO_USE


def _detail(refused: Refusal, certificate: x509.Certificate, hosts: Sequence[str], role: Role) -> str:
    """Name what the reason is about."""
    if refused is Refusal.UNKNOWN_EXTENSION:
        return ", ".join(each.oid.dotted_string for each in certificate.extensions if go_extensions.is_unhandled(each))
    reason = _reason(refused, role)
    if reason is Unfit.DAEMON_LEFT_OUT:
        return ", ".join(hosts)
    return str(refused) if reason is Unfit.OF_NO_USE else ""


def _is_short(key: object) -> bool:
    """Tell whether a key is RSA's of a length that is still taken everywhere, and shorter than certkit makes any."""
    return (
        isinstance(key, rsa.RSAPublicKey)
        and _SHORTEST_RSA <= key.key_size < _SHORTEST_OWN_RSA
        and key.public_numbers().e == _EXPONENT
    )


def _is_on_p521(key: object) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP521R1)


def _may(certificate: x509.Certificate, usage: str) -> bool:
    """Tell whether a key usage is allowed, by OpenSSL's rules too: HAProxy takes none from usages that say nothing."""
    found = extensions.find(certificate, x509.KeyUsage)
    return found is None or bool(getattr(found, usage))  # without it, for everything: RFC 5280, section 4.2.1.3
