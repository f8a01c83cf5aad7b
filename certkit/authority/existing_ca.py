"""Judge an authority that was made elsewhere, before it becomes one of a team's."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.errors import MalformedError, RefusedError
from certkit.pki import extensions, keys, names
from certkit.pki.certificates import Authority, has_signed
from certkit.trust.rotation import Role

_SHORT = timedelta(days=400)
_PURPOSES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


def check(adopted: Mapping[Role, Authority], now: datetime) -> None:
    """Raise RefusedError, with the reason, if an authority cannot take its role."""
    for role, authority in adopted.items():
        try:
            _check(authority, role, now)
        except (MalformedError, ValueError, UnsupportedAlgorithm):
            raise _unfit(role, "its certificate cannot be read in full") from None
    if len({keys.public_pin(authority.signer.public_key) for authority in adopted.values()}) < len(adopted):
        raise RefusedError(
            "one authority cannot be both: whom it lets in could pose as the daemon",
            "Adopt it as one of the two, and let certkit make the other.",
        )


def shortcomings(authority: Authority, role: Role, now: datetime) -> Iterator[str]:
    """Say what an adopted authority lacks, compared with one that certkit makes."""
    certificate = authority.certificate
    constraints = _basic(certificate)
    if constraints and constraints.path_length != 0:
        yield "it may make further authorities (no path length of 0)"
    if certificate.not_valid_after_utc - now < _SHORT:
        yield f"it ends on {certificate.not_valid_after_utc.date()}, and nothing that it signs lives longer"
    if not _may(certificate, "crl_sign"):
        yield "its key usage does not cover lists of revoked certificates: strict readers refuse its crl.pem"
    if role == "client":
        yield (
            "certificates that it signed before still get in, and can be shut out only by retiring it: certkit does "
            "not know them (certkit rotate client --help)"
        )
    else:
        if extensions.find(certificate, x509.NameConstraints):
            yield "it has name constraints, which must allow every daemon's name: certkit probe tells"
        yield "whoever holds a certificate that it signed before, for a daemon's name, can pose as that daemon"
    yield "others may hold its key: where it has been, certkit cannot know"


def _check(authority: Authority, role: Role, now: datetime) -> None:
    certificate = authority.certificate
    reasons = {
        "its key is not that of its certificate": not keys.is_key_of(authority.signer.public_key, certificate),
        "it is not self-signed": not has_signed(certificate, certificate),
        "it is not an authority: its basic constraints say so": not _basic(certificate),
        "its key usage does not let it sign certificates": not _may(certificate, "key_cert_sign"),
        "its extended key usage is for other purposes": not extensions.allows(certificate, _PURPOSES[role]),
        "its name constraints leave out the names that certkit gives": role == "client" and _leaves_out(certificate),
        "it has expired": certificate.not_valid_after_utc <= now,
        "it is not valid yet": certificate.not_valid_before_utc > now,
    }
    for reason, holds in reasons.items():
        if holds:
            raise _unfit(role, reason)
    keys.check_public(certificate.public_key())


def _unfit(role: Role, reason: str) -> RefusedError:
    return RefusedError(
        f"this cannot be the {role} authority: {reason}", "Adopt another, or let certkit make one: it is new."
    )


def _basic(certificate: x509.Certificate) -> x509.BasicConstraints | None:
    found = extensions.find(certificate, x509.BasicConstraints)
    return found if found and found.ca else None


def _leaves_out(certificate: x509.Certificate) -> bool:
    found = extensions.find(certificate, x509.NameConstraints)
    permitted = _covering(found.permitted_subtrees) if found else []
    excluded = _covering(found.excluded_subtrees) if found else []
    return any(excluded) or bool(permitted and not any(permitted))


def _covering(subtrees: Iterable[x509.GeneralName] | None) -> list[bool]:
    """Tell of each subtree of DNS names whether what certkit gives lies in it (RFC 5280, section 4.2.1.10)."""
    roots = [each.value.lower() for each in subtrees or () if isinstance(each, x509.DNSName)]
    return [not root or f".{names.DOMAIN}".endswith(f".{root}") for root in roots]


def _may(certificate: x509.Certificate, usage: str) -> bool:
    found = extensions.find(certificate, x509.KeyUsage)
    return found is None or bool(getattr(found, usage))  # without it, for everything: RFC 5280, section 4.2.1.3
