"""When a certificate that a server gave is to be renewed."""

import hashlib
from datetime import datetime

from cryptography import x509

from certkit.pki import certificates

_DUE = 2 / 3
"""The part of its life after which a certificate is to be renewed."""
_JITTER = 1 / 10
"""The part of its life by which that comes earlier for some: a team enrolled on one day renews on many."""


def due(certificate: x509.Certificate) -> datetime:
    """Return when a certificate is to be renewed: a moment of its own for each."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    drawn = hashlib.sha256(certificates.to_der(certificate)).digest()[0] / 256
    return begin + (end - begin) * (_DUE - _JITTER * drawn)
