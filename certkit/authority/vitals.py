"""What a monitor asks of a team: what ends when, and which anchors each daemon holds."""

from dataclasses import dataclass
from datetime import datetime

from certkit.authority.home import ROLES
from certkit.authority.view import View
from certkit.trust.rotation import Role


@dataclass(frozen=True)
class AuthorityVitals:
    """A generation of an authority that is trusted, and its end."""

    role: Role
    generation: int
    expires: datetime


@dataclass(frozen=True)
class DaemonVitals:
    """A daemon: the end of its newest certificate, and the number of the anchors that it was last seen to hold."""

    name: str
    expires: datetime | None
    publication: int


@dataclass(frozen=True)
class Vitals:
    """All of it at one time."""

    publication: int
    """The number of the newest anchors."""
    authorities: tuple[AuthorityVitals, ...]
    daemons: tuple[DaemonVitals, ...]
    server_expires: datetime | None
    """The end of the newest certificate of the server that enrolls."""


def vitals(view: View) -> Vitals:
    """Find out."""
    ends = {each.daemon: each.not_after for each in view.ledger.certificates("daemon", newest_only=True)}
    own = view.ledger.certificates("server", newest_only=True)
    return Vitals(
        publication=view.newest_number(),
        authorities=tuple(
            AuthorityVitals(role, generation, view.certificate(role, generation).not_valid_after_utc)
            for role in ROLES
            for generation in view.rotation(role).trusted
        ),
        daemons=tuple(DaemonVitals(each.name, ends.get(each.name), each.proven) for each in view.ledger.daemons()),
        server_expires=own[-1].not_after if own else None,
    )
