"""Anchors: a client authority's certificate with the revoked names as excluded subtrees.

A stock buildkitd reads no CRL, but it applies the name constraints of its anchors (RFC 5280, section 4.2.1.10).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509

from certkit.errors import RefusedError
from certkit.pki import certificates, extensions
from certkit.pki.certificates import Authority, to_pem
from certkit.trust import canary, label

GRACE = timedelta(days=1)
"""How long a name stays excluded after its last certificate has expired: for daemons whose clocks are late."""

LIMIT = 250_000
"""Go up to 1.24 refuses a certificate at whose check more constraints were compared, each with each of its names."""


class ShutOut(NamedTuple):
    """A name that was revoked, a person's or a device's, and when the last certificate that bears it ends."""

    dns_name: str
    expires: datetime


def exclusions(shut_out: Iterable[ShutOut], now: datetime) -> list[str]:
    """Return the names that an anchor must exclude now: no expired one, none below another."""
    return _minimal(each.dns_name for each in shut_out if now < each.expires + GRACE)


def ca_pem(trusted: Iterable[tuple[Authority, Iterable[str]]], team: str, number: int) -> bytes:
    """Return a daemon's `ca.pem`: an anchor of each authority that it shall trust, and last the publication's label.

    Each authority comes with the names that its anchor excludes; the canary's are added to every one. `number` counts
    what a team has published, and no two publications have the same.
    Raises RefusedError if there is no authority, which would let nobody in, or if Go could not bear an anchor.
    """
    made = [anchor(authority, [*excluded, *canary.excluded(team)]) for authority, excluded in trusted]
    if not made:
        raise RefusedError(
            "a daemon that trusts no authority lets nobody in",
            "Name at least one client authority.",
            code="anchors-of-nobody",
        )
    return b"".join(map(to_pem, [*made, label.make(team, number, made)]))


def anchor(authority: Authority, excluded: Iterable[str]) -> x509.Certificate:
    """Re-issue an authority's certificate so that it vouches for nobody named in `excluded` or below.

    Subject, key, key identifier and validity stay, so every certificate that it signed still leads to it; `notBefore`
    stays too, so a late clock at the daemon locks nobody out. Without names it is the certificate itself.
    """
    original = authority.certificate
    names = _minimal(excluded)
    if not names:
        return original
    constraints = _constraints(original, names)
    count = len(constraints.permitted_subtrees or ()) + len(constraints.excluded_subtrees or ())
    if count > LIMIT:
        raise RefusedError(
            f"a daemon cannot bear {count} name constraints in one certificate",
            code="too-many-constraints",
            count=count,
            limit=LIMIT,
        )
    builder = certificates.reissue(original, original.subject, without=x509.NameConstraints)
    return authority.signer.sign_certificate(builder.add_extension(constraints, critical=True))


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
