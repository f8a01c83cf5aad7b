"""Try whether an authority can do what certkit needs of it, before it becomes a team's.

An adopted authority may have constraints of its own. Its anchors, a leaf, the canary and the control are made as they
would be later, and judged by the rules of the daemons.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509

from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.trust import anchors, canary, go_rules

_LIFE = timedelta(hours=1)


class Shortcoming(StrEnum):
    """What would not work."""

    LEAF_REFUSED = "leaf-refused"
    """Nobody would get in."""
    CONTROL_REFUSED = "control-refused"
    """The refusal of the canary would prove nothing."""
    CANARY_LET_IN = "canary-let-in"
    """Exclusions would not be enforced."""
    CANARY_REFUSED_ANYHOW = "canary-refused-anyhow"
    """The canary is refused without certkit's exclusion, too: its refusal would prove nothing."""


def shortcomings(authority: Authority, team: str, now: datetime) -> frozenset[Shortcoming]:
    """Return what an authority cannot do for a team; raise RefusedError if it has expired."""
    own, kept, control = _leaf(authority, team, now), canary.make(authority, team), canary.control(authority, team, now)
    plain = [authority.certificate]
    published = certificates.load_all(anchors.ca_pem([(authority, [])], team, 1))

    def is_refused(leaf: x509.Certificate, *held: list[x509.Certificate]) -> bool:
        return any(go_rules.refusal(leaf, each, now) for each in held)

    found = {
        Shortcoming.LEAF_REFUSED: is_refused(own, plain, published),
        Shortcoming.CONTROL_REFUSED: is_refused(control.certificate, plain, published),
        Shortcoming.CANARY_LET_IN: not is_refused(kept.certificate, published),
        Shortcoming.CANARY_REFUSED_ANYHOW: is_refused(kept.certificate, plain),
    }
    return frozenset(each for each, is_so in found.items() if is_so)


def _leaf(authority: Authority, team: str, now: datetime) -> x509.Certificate:
    return certificates.device(
        authority,
        keys.generate("p256").public_key(),
        person="trial",
        dns_name=names.device_name("trial", "trial", team),
        now=now,
        life=_LIFE,
    )
