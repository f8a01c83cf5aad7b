"""What `cryptography` raises for what it cannot read of certificates, requests and names, often only when asked for it.

TypeError is for names of another ASN.1 type than their attribute has, such as a common name that is a bit string;
KeyError, in older versions, for a type that no name has.
"""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

FAILURES = (
    ValueError,  # among them names that are not UTF-8
    TypeError,
    KeyError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
