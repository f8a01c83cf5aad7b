"""The label: a certificate in `ca.pem` that vouches for nobody, and whose subject names the publication.

A daemon shows the subjects of all that it trusts to every client that connects, so whoever has authenticated the
daemon reads in the label which publication it holds. The digest is over every anchor beside it: a copy of the home or
a restored backup that published something else cannot pass for it, whatever number it gave.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cryptography import x509

from certkit.errors import InvalidError, RefusedError
from certkit.pki import certificates, keys, names
from certkit.pki.signer import KeySigner

ORGANIZATION = certificates.LABEL_ORGANIZATION
PURPOSE = x509.ObjectIdentifier("2.25.181871676")
"""Extended key usage: no TLS client's. Without any, Go would let the holder of a label's key in, as a root of its own.

Below the arc for UUIDs (ITU-T X.667), and small: parsers stop at 28 (pkilint) or 31 bits (Go) of each number in it.
"""

_KINDS = certificates.LABEL_KINDS
_TITLE = re.compile(r"([a-z0-9][a-z0-9-]{0,31}) (0|[1-9][0-9]*)", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Label(NamedTuple):
    """Which publication a daemon holds: whose, the how manieth, and what else is in the file (64 hex digits)."""

    team: str
    number: int
    digest: str


def make(team: str, number: int, anchors: Sequence[x509.Certificate]) -> x509.Certificate:
    """Make the label of a publication, as old as the oldest anchor and as long-lived as the longest.

    Its private key is gone when this returns. Raises InvalidError for a number that does not fit into a common name
    beside the team's name, RefusedError if there is no anchor.
    """
    return _signed(team, number, anchors, KeySigner(keys.generate("p256")))


def parse(name: x509.Name) -> Label | None:
    """Read the name of a label; return None for any other, whatever is in it."""
    attributes = [each for rdn in name.rdns for each in rdn]
    if tuple(each.oid for each in attributes) != _KINDS or len(name.rdns) != len(_KINDS):
        return None
    organization, digest, title = (str(each.value) for each in attributes)
    found = _TITLE.fullmatch(title)
    if organization != ORGANIZATION or not _DIGEST.fullmatch(digest) or not found or len(title) > names.TEXT_LIMIT:
        return None
    return Label(found[1], int(found[2]), digest)


def digest(anchors: Iterable[x509.Certificate]) -> str:
    """Return SHA-256 over the anchors' DER in their order, in hexadecimal."""
    return hashlib.sha256(b"".join(map(certificates.to_der, anchors))).hexdigest()


def subject(label: Label) -> x509.Name:
    """Return the name that says a label; raise InvalidError if the number does not fit."""
    title = f"{names.slug(label.team, 'team')} {label.number}"
    if label.number < 0 or len(title) > names.TEXT_LIMIT:
        raise InvalidError(
            f"{label.number} cannot be the number of a publication",
            code="publication-number-invalid",
            number=label.number,
        )
    values = (ORGANIZATION, label.digest, title)
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in zip(_KINDS, values, strict=True)])


def _signed(team: str, number: int, anchors: Sequence[x509.Certificate], signer: KeySigner) -> x509.Certificate:
    if not anchors:
        raise RefusedError("a publication of no authority would let nobody in", code="anchors-of-nobody")
    name = subject(Label(team, number, digest(anchors)))
    # No key usage: it may be used for nothing. No alternative name, so that no constraint is about it.
    builder = (
        x509.CertificateBuilder(name, name, signer.public_key, x509.random_serial_number())
        .not_valid_before(min(each.not_valid_before_utc for each in anchors))
        .not_valid_after(max(each.not_valid_after_utc for each in anchors))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([PURPOSE]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(signer.public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key), critical=False)
    )
    return signer.sign_certificate(builder)
