"""Canaries: client certificates that a daemon refuses as soon as it holds the newest anchors, and not before.

Anchors number n have a canary of their own, and exclude the canaries 1 to n: so the refusal of canary n proves that
anchors n or later ones are live, and a canary that was ever replaced stays shut out for good. To exclude n names by at
most 17, canaries are leaves of a binary tree: the digits of the number, last one first, are the labels.

A canary is signed by the newest authority among the anchors. A daemon without that authority answers
`unknown_ca`, which proves nothing (the alerts that do: `probe.alerts.REVOKED`); one with an older anchor of it lets
the canary in. Its key never leaves the home.
"""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from certkit.errors import RefusedError
from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority
from certkit.pki.keys import PrivateKey

DOMAIN = "canary.internal"
"""Beside `certkit.internal`, so that no person's or device's name is ever above or below a canary's."""

LIMIT = 2**16 - 1
_DIGITS = 16


@dataclass(frozen=True)
class Canary:
    """A pair that only the home holds."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)


def make(authority: Authority, number: int, now: datetime) -> Canary:
    """Make the canary of anchors, which lives as long as its authority: proofs are asked for years later, too."""
    key = keys.generate("p256")
    certificate = certificates.device(
        authority,
        key.public_key(),
        person=f"canary {number}",
        dns_name=name(number),
        now=now,
        life=authority.certificate.not_valid_after_utc - now,
    )
    return Canary(certificate, key)


def name(number: int) -> str:
    """Give the DNS name of the canary of anchors."""
    return _below(_digits(number))


def excluded(number: int) -> list[str]:
    """Give the names that cover the canaries up to this number, and no other's."""
    digits = _digits(number)
    smaller = [digits[:place] + "0" for place, digit in enumerate(digits) if digit == "1"]
    return [_below(each) for each in (*smaller, digits)]


def _digits(number: int) -> str:
    if not 0 < number <= LIMIT:
        raise RefusedError(f"{number} is not the number of any anchors", f"They go from 1 to {LIMIT}.")
    return f"{number:0{_DIGITS}b}"


def _below(digits: str) -> str:
    return ".".join([*reversed(digits), DOMAIN])
