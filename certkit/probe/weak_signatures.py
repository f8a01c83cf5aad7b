"""Signatures that Go does not believe: crypto/x509 refuses MD5 and, since Go 1.18, SHA-1."""

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

_NAMES: dict[type[hashes.HashAlgorithm], str] = {hashes.SHA1: "SHA-1", hashes.MD5: "MD5"}


def among(chain: Iterable[x509.Certificate]) -> str:
    """Name the hash of the first certificate whose signature Go refuses; empty if there is none.

    What an authority says of itself is not looked at: an anchor is believed without its signature.
    """
    return next(filter(None, (_weak(each) for each in chain if each.issuer != each.subject)), "")


def _weak(certificate: x509.Certificate) -> str:
    try:
        used = certificate.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return ""
    return _NAMES.get(type(used), "") if used else ""
