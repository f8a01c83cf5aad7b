"""Try whether an authority can do what certkit needs of it, before it becomes a team's.

An adopted authority may have constraints of its own. Its anchors, a leaf, the canary and the control are made as they
would be later, and judged by the rules of the daemons.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.trust import anchors, canary, go_rules
from certkit.trust.go_rules import Refusal

_LIFE = timedelta(hours=1)


class Shortcoming(StrEnum):
    """What would not work, where devices get in."""

    CONTROL_REFUSED = "control-refused"
    """The refusal of the canary would prove nothing."""
    CANARY_LET_IN = "canary-let-in"
    """Exclusions would not be enforced."""
    CANARY_REFUSED_ANYHOW = "canary-refused-anyhow"
    """The canary is refused without certkit's exclusion, too: its refusal would prove nothing."""


def shortcomings(authority: Authority, team: str, now: datetime) -> frozenset[Shortcoming]:
    """Return why an authority could prove nothing for a team."""
    kept, control = canary.make(authority, team), canary.control(authority, team, now)
    plain, published = _anchors(authority, team)

    def is_refused(leaf: x509.Certificate, *held: list[x509.Certificate]) -> bool:
        return any(go_rules.refusal(leaf, each, now) for each in held)

    found = {
        Shortcoming.CONTROL_REFUSED: is_refused(control.certificate, plain, published),
        Shortcoming.CANARY_LET_IN: not is_refused(kept.certificate, published),
        Shortcoming.CANARY_REFUSED_ANYHOW: is_refused(kept.certificate, plain),
    }
    return frozenset(each for each, is_so in found.items() if is_so)


def refusal_of_device(authority: Authority, team: str, now: datetime) -> Refusal | None:
    """Return why daemons would refuse a device's certificate of this authority, by itself or as it is published.

    Raises RefusedError if it has expired.
    """
    own = _leaf(authority, team, now)
    refused = (go_rules.refusal(own, held, now) for held in _anchors(authority, team))
    return next(filter(None, refused), None)


def refusal_of_daemon(authority: Authority, hosts: Sequence[str], now: datetime) -> Refusal | None:
    """Return why clients would refuse a daemon's certificate of this authority for its names and addresses."""
    key = keys.generate("p256").public_key()
    own = certificates.daemon(authority, key, [names.parse_host(each) for each in hosts], now, _LIFE)
    return go_rules.refusal(own, [authority.certificate], now, ExtendedKeyUsageOID.SERVER_AUTH)


def _anchors(authority: Authority, team: str) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """Return the authority by itself, and as it is published."""
    return [authority.certificate], certificates.load_all(anchors.ca_pem([(authority, [])], team, 1))


def _leaf(authority: Authority, team: str, now: datetime) -> x509.Certificate:
    return certificates.device(
        authority,
        keys.generate("p256").public_key(),
        person="trial",
        dns_name=names.device_name("trial", "trial", team),
        now=now,
        life=_LIFE,
    )
