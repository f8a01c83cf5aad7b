"""An impostor's certificate: the same names, an issuer of the same name, and keys made a moment ago."""

from datetime import datetime, timedelta

from cryptography import x509

from certkit.pki import keys
from certkit.probe.target import Pair

_LIFE = timedelta(days=5 * 365)
"""Before and after today: no clock, however late, may be the reason for a refusal."""


def forge(original: x509.Certificate, now: datetime) -> Pair | None:
    """Make what somebody could make who has only seen a client's certificate; no daemon may believe it.

    Returns None for a certificate with names or extensions that cannot be made again.
    """
    try:
        return _forge(original, now)
    except (ValueError, TypeError, OverflowError):
        return None


def _forge(original: x509.Certificate, now: datetime) -> Pair:
    authority_key, key = keys.generate("p256"), keys.generate("p256")
    authority = (
        _builder(original.issuer, original.issuer, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, keys.signature_hash(authority_key))
    )
    leaf = _builder(original.subject, original.issuer, key.public_key(), now)
    for extension in original.extensions:
        if not isinstance(extension.value, x509.SubjectKeyIdentifier):
            leaf = leaf.add_extension(extension.value, critical=extension.critical)
    return Pair((leaf.sign(authority_key, keys.signature_hash(authority_key)), authority), key)


def _builder(subject: x509.Name, issuer: x509.Name, key: keys.PublicKey, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIFE)
        .not_valid_after(now + _LIFE)
    )
