"""Anchors: a client authority's certificate with the revoked names as excluded subtrees.

A stock buildkitd reads no CRL, but it applies the name constraints of its anchors (RFC 5280, section 4.2.1.10).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from certkit.errors import RefusedError
from certkit.pki import extensions
from certkit.pki.certificates import Authority, to_pem
from certkit.pki.keys import public_of
from certkit.trust import canary

GRACE = timedelta(days=1)
"""How long a name stays excluded after its last certificate has expired: for daemons whose clocks are late."""

_REPLACED = (x509.AuthorityKeyIdentifier, x509.NameConstraints)


@dataclass(frozen=True)
class ShutOut:
    """A name that was revoked, a person's or a device's, and when the last certificate that bears it ends."""

    dns_name: str
    expires: datetime


def exclusions(shut_out: Iterable[ShutOut], now: datetime) -> list[str]:
    """Return the names that an anchor must exclude now: no expired one, none below another."""
    return _minimal(each.dns_name for each in shut_out if now < each.expires + GRACE)


def ca_pem(authorities: Sequence[Authority], excluded: Iterable[str], number: int) -> bytes:
    """Give the PEM of a daemon's `ca.pem`: an anchor of each authority that it shall trust, and no second of any key.

    `number` counts from 1 what a home has told its daemons to trust; every anchor excludes the canaries up to it.
    Raises RefusedError if there is no authority: such a daemon would let nobody in.
    """
    if not authorities:
        raise RefusedError(
            "a daemon that trusts no authority lets nobody in",
            "Name at least one client authority.",
            code="anchors-of-nobody",
        )
    names = [*excluded, *canary.excluded(number)]
    return b"".join(to_pem(anchor(authority, names)) for authority in authorities)


def anchor(authority: Authority, excluded: Iterable[str]) -> x509.Certificate:
    """Re-issue an authority's certificate so that it vouches for nobody named in `excluded` or below.

    Subject, key, key identifier and validity stay, so every certificate that it signed still leads to it; `notBefore`
    stays too, so a late clock at the daemon locks nobody out. Without names it is the certificate itself.
    """
    original = authority.certificate
    names = _minimal(excluded)
    if not names:
        return original
    builder = (
        x509.CertificateBuilder()
        .subject_name(original.subject)
        .issuer_name(original.subject)
        .public_key(public_of(original))
        .serial_number(x509.random_serial_number())
        .not_valid_before(original.not_valid_before_utc)
        .not_valid_after(original.not_valid_after_utc)
    )
    for extension in original.extensions:
        if not isinstance(extension.value, _REPLACED):
            builder = builder.add_extension(extension.value, extension.critical)
    # An adopted authority may point to itself by its former serial number: point by the key alone.
    builder = builder.add_extension(extensions.key_identifier(original), critical=False)
    builder = builder.add_extension(_constraints(original, names), critical=True)
    return authority.signer.sign_certificate(builder)


def _minimal(names: Iterable[str]) -> list[str]:
    """Sort names, each once, without those that lie below another."""
    unique = set(names)
    return sorted(name for name in unique if unique.isdisjoint(_parents(name)))


def _parents(name: str) -> Iterable[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name


def _constraints(original: x509.Certificate, names: Sequence[str]) -> x509.NameConstraints:
    """Add exclusions to the constraints that an adopted authority has of its own."""
    excluded: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    own = extensions.find(original, x509.NameConstraints)
    if own is None:
        return x509.NameConstraints(permitted_subtrees=None, excluded_subtrees=excluded)
    return x509.NameConstraints(own.permitted_subtrees, [*(own.excluded_subtrees or ()), *excluded])
