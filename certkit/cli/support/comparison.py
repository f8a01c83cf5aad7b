"""What two people read to each other to make sure that they mean the same authorities."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from certkit.pki import certificates

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def fingerprints(authorities: Iterable["Certificate"]) -> list[str]:
    """Return the lines by which two people compare authorities."""
    return [f"  {certificates.words(each.subject)}   SHA-256 {certificates.fingerprint(each)}" for each in authorities]
