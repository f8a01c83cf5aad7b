"""What two people read to each other to make sure that they mean the same authorities."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from certkit.pki import certificates

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def fingerprints(authorities: Iterable["Certificate"]) -> list[str]:
    """Return the lines by which two people compare authorities."""
    lines = []
    for each in authorities:
        first, second = halves(certificates.fingerprint(each))
        lines += [f"  {certificates.words(each.subject)}", f"    SHA-256  {first}", f"             {second}"]
    return lines


def halves(fingerprint: str) -> tuple[str, str]:
    """Break a fingerprint, which is too long for a line of 80 columns, in two."""
    middle = len(fingerprint) // 2
    return fingerprint[: middle + 1], fingerprint[middle + 1 :]
