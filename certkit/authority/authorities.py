"""The generations of a team's authorities, as people compare them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from certkit.authority.home import ROLES
from certkit.authority.view import View
from certkit.pki import certificates
from certkit.trust.rotation import Role


class Duty(StrEnum):
    """What a generation does."""

    SIGNS = "signs"
    TRUSTED = "trusted"
    RETIRED = "retired"


@dataclass(frozen=True)
class AuthorityState:
    """One generation of an authority; `sha256` is its certificate's fingerprint."""

    role: Role
    generation: int
    name: str
    duty: Duty
    sha256: str
    expires: datetime


def authority_states(view: View) -> list[AuthorityState]:
    """Return every generation that is there, the server authority's first, oldest first."""
    return [_state(view, role, generation) for role in ROLES for generation in view.generations(role)]


def _state(view: View, role: Role, generation: int) -> AuthorityState:
    rotation, certificate = view.rotation(role), view.certificate(role, generation)
    duty = Duty.TRUSTED if generation in rotation.trusted else Duty.RETIRED
    return AuthorityState(
        role,
        generation,
        certificates.words(certificate.subject),
        Duty.SIGNS if generation == rotation.issuing else duty,
        certificates.fingerprint(certificate),
        certificate.not_valid_after_utc,
    )
