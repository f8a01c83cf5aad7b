"""Two client certificates that tell whether a daemon enforces exclusions.

Every publication excludes the canary's name, so a daemon that refuses the canary applies the constraints of its
anchors. Which anchors these are is what the label says. The control differs from the canary in nothing but the name,
and must be let in: then it is the name that the canary was refused for, and not a clock or another constraint.

Both are signed by the newest authority among the anchors. The canary's key never leaves the home; the control is made
when it is needed, ends minutes later, and is never written down.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509

from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.keys import PrivateKey

CONTROL_LIFE = timedelta(minutes=10)

# Longer than the label of any person can be (`names.label`), so that nobody ever has either name.
_CANARY = "canary-refused-by-every-daemon"
_CONTROL = "control-let-in-by-every-daemon"
_FORMER_DOMAIN = "canary.internal"
"""Where canaries had their names when each publication had one of its own. They live as long as their authorities."""


class Canary(NamedTuple):
    """A certificate and its key: the canary's, or the control's."""

    certificate: x509.Certificate
    key: PrivateKey

    def __repr__(self) -> str:
        return f"Canary({self.certificate!r})"


def make(authority: Authority, team: str) -> Canary:
    """Make the canary of an authority, valid from its first to its last moment: no clock is a reason to refuse it."""
    return _make(authority, name(team), authority.certificate.not_valid_after_utc)


def control(authority: Authority, team: str, now: datetime) -> Canary:
    """Make a certificate like the canary but for its name and its end, minutes from now."""
    return _make(authority, control_name(team), now + CONTROL_LIFE)


def name(team: str) -> str:
    """Return the DNS name of a team's canary."""
    return f"{_CANARY}.{names.team_name(team)}"


def control_name(team: str) -> str:
    """Return the DNS name of a team's control, which nothing excludes."""
    return f"{_CONTROL}.{names.team_name(team)}"


def excluded(team: str) -> list[str]:
    """Return the names that every publication of a team excludes: the canary's, and those of all former canaries."""
    return [name(team), _FORMER_DOMAIN]


def _make(authority: Authority, dns_name: str, end: datetime) -> Canary:
    key = keys.generate("p256")
    begin = authority.certificate.not_valid_before_utc
    certificate = certificates.device(
        authority,
        key.public_key(),
        person="canary",
        dns_name=dns_name,
        now=begin,
        life=end - begin,
    )
    return Canary(certificate, key)
