"""Whether Go's crypto/x509 would refuse a client certificate, and why: the rules by which a buildkitd judges.

As crypto/tls applies them with `RequireAndVerifyClientCert`: every certificate of the daemon's `ca.pem` is a root, and
the client sends its leaf alone. Where the versions of Go differ (1.21 to 1.26) the stricter one is followed; policies
(RFC 5280, section 6.1) are not looked at. tests/trust/test_go_rules.py compares all this with the real verifier.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.pki import der, extensions, go_certificate, go_extensions, go_names, parsing
from certkit.pki.keys import WEAK_HASHES

COMPARISONS = 250_000
"""Go up to 1.24 refuses a leaf as soon as more constraints were compared with its names."""


class Refusal(StrEnum):
    """Why a certificate is refused."""

    UNREADABLE = "unreadable"
    UNKNOWN_EXTENSION = "unknown-critical-extension"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    UNKNOWN_ISSUER = "unknown-issuer"
    NOT_AN_AUTHORITY = "issuer-not-an-authority"
    PURPOSE = "purpose"
    NAME_UNREADABLE = "name-unreadable"
    NAME_EXCLUDED = "name-excluded"
    NAME_NOT_PERMITTED = "name-not-permitted"
    TOO_MANY_CONSTRAINTS = "too-many-constraints"


def refusal(
    leaf: x509.Certificate,
    anchors: Iterable[x509.Certificate],
    now: datetime,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
) -> Refusal | None:
    """Return why a daemon that holds these anchors refuses a certificate; None if it lets it in."""
    found = _of_one(leaf, now)
    if found:
        return found
    held = list(anchors)
    if leaf in held:  # trusted for what it is, an authority or not
        return _of_purpose([leaf], purpose)
    named = [each for each in held if der.subject(each) == der.issuer(leaf)]
    signers = [each for each in named if not _is_unreadable(each) and _has_signed(each, leaf)]
    reasons = [_of_chain(leaf, each, now, purpose) for each in signers]
    if None in reasons:
        return None
    return next(filter(None, reasons), Refusal.UNKNOWN_ISSUER)


def _of_chain(
    leaf: x509.Certificate, root: x509.Certificate, now: datetime, purpose: x509.ObjectIdentifier
) -> Refusal | None:
    if not (extensions.is_authority(root) and extensions.signs_certificates(root)):
        return Refusal.NOT_AN_AUTHORITY
    return _of_one(root, now) or _of_purpose([root, leaf], purpose) or _of_names(leaf, root)


def _of_one(certificate: x509.Certificate, now: datetime) -> Refusal | None:
    """Judge what needs no other certificate."""
    if _is_unreadable(certificate):
        return Refusal.UNREADABLE
    if any(map(go_extensions.is_unhandled, certificate.extensions)):
        return Refusal.UNKNOWN_EXTENSION
    if now < certificate.not_valid_before_utc:
        return Refusal.NOT_YET_VALID
    return Refusal.EXPIRED if now > certificate.not_valid_after_utc else None


@lru_cache(maxsize=256)  # the same few anchors are asked about again and again
def _is_unreadable(certificate: x509.Certificate) -> bool:
    """Tell whether Go's parser stops at a certificate, or `cryptography`'s; Go skips such a root."""
    encoded = certificate.public_bytes(serialization.Encoding.DER)
    if go_certificate.problem(encoded) or go_certificate.has_negative_serial(encoded):
        return True
    try:
        list(certificate.extensions)
    except parsing.FAILURES:
        return True
    return False


def _has_signed(root: x509.Certificate, leaf: x509.Certificate) -> bool:
    if _is_same(root, leaf):
        return False
    try:
        leaf.verify_directly_issued_by(root)
        broken = isinstance(leaf.signature_hash_algorithm, WEAK_HASHES)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return not broken


def _is_same(root: x509.Certificate, leaf: x509.Certificate) -> bool:
    """Tell whether both are one subject's certificates for one key: Go takes no such root for a chain's next."""

    def identity(each: x509.Certificate) -> tuple[object, ...]:
        key = each.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return der.subject(each), key, extensions.find(each, x509.SubjectAlternativeName)

    return identity(root) == identity(leaf)


def _of_purpose(chain: Iterable[x509.Certificate], purpose: x509.ObjectIdentifier) -> Refusal | None:
    return None if all(extensions.allows(each, purpose) for each in chain) else Refusal.PURPOSE


def _of_names(leaf: x509.Certificate, root: x509.Certificate) -> Refusal | None:
    constraints = extensions.find(root, x509.NameConstraints)
    names = extensions.find(leaf, x509.SubjectAlternativeName)
    if constraints is None or names is None:
        return None  # without constraints Go does not even look at the names
    if not go_names.readable(names):
        return Refusal.NAME_UNREADABLE
    compared = 0
    for name in names:
        permitted = [each for each in constraints.permitted_subtrees or () if type(each) is type(name)]
        excluded = [each for each in constraints.excluded_subtrees or () if type(each) is type(name)]
        compared += len(permitted) + len(excluded)
        if compared > COMPARISONS:
            return Refusal.TOO_MANY_CONSTRAINTS
        if any(go_names.within(name, each, excluded=True) for each in excluded):
            return Refusal.NAME_EXCLUDED
        is_bound = isinstance(name, go_names.CHECKED) and permitted
        if is_bound and not any(go_names.within(name, each, excluded=False) for each in permitted):
            return Refusal.NAME_NOT_PERMITTED
    return None
