"""Replace an authority by its next generation, step by step, so that nobody is locked out in between."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count

from certkit.authority import visits
from certkit.authority.changes import publishing
from certkit.authority.cohort_authorities import of
from certkit.authority.creation import new_authority, write_authority
from certkit.authority.home import authority_directory
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.pki import certificates
from certkit.trust import rotation
from certkit.trust.rotation import Party, Role, Rotation, Step


@dataclass(frozen=True)
class Member:
    """Who takes part in a rotation: a daemon, or a device of a person."""

    person: str | None = None
    device: str | None = None
    daemon: str | None = None
    came: datetime | None = None
    """When a device last came to the server; None if it never did."""

    def __str__(self) -> str:
        return f"daemon {self.daemon}" if self.daemon else f"{self.person} {self.device}"


@dataclass(frozen=True)
class Standing:
    """Where a rotation stands, which steps can be taken, and whom each would lock out."""

    role: Role
    rotation: Rotation
    blocked: dict[Step, list[Member]]
    if_compromised: list[Member]
    """Who would have to enroll again if its key had leaked."""


def standing(view: View, role: Role) -> Standing:
    """Say where a rotation stands."""
    found = view.rotation(role)
    verifiers, holders = _depending(view, role), list(_holders(view, role))
    blocked = {
        step: rotation.locked_out(found, rotation.after(found, step), verifiers=verifiers, holders=holders)
        for step in found.steps
    }
    return Standing(role, found, blocked, _must_enroll_again(view, found, role))


def take(session: Session, role: Role, step: Step, *, force: bool) -> Rotation:
    """Take a step; raises RefusedError, naming whom, if it would lock anybody out and is not forced.

    There is nothing to prepare for where the authority has expired: the next generation takes its place at once.
    """
    session.authority(role)  # asks for the passphrase, if at all, before others have to wait
    with session.locked():
        if step == "prepare":
            prepared = rotation.after(session.rotation(role), step)
            if session.has_expired(role):
                _replace(session, role, step)
                return session.rotation(role)
            _make(session, role, prepared.last)
        with publishing(session):
            later = rotation.take(
                session.rotation(role),
                step,
                verifiers=_depending(session, role),
                holders=_holders(session, role),
                force=force,
            )
            _keep(session, role, later, step)
    return later


def replace_compromised(session: Session, role: Role) -> list[Member]:
    """Stop trusting a leaked authority at once; return who must enroll again."""
    session.authority(role)
    with session.locked():
        return _replace(session, role, "compromised")


def _replace(session: Session, role: Role, action: str) -> list[Member]:
    """Let the next generation take the place of all former ones; return who must enroll again. Hold the home's lock."""
    before = session.rotation(role)
    later = rotation.compromised(before)
    if later.issuing > before.last:
        _make(session, role, later.issuing)
    with publishing(session):
        _keep(session, role, later, action)
        return _must_enroll_again(session, before, role)


def _must_enroll_again(view: View, found: Rotation, role: Role) -> list[Member]:
    """Name the devices that the short way locks out, and those that go on believing a leaked server authority."""
    later = rotation.compromised(found)
    if role == "client":
        return rotation.locked_out(found, later, verifiers=(), holders=_holders(view, role))
    return sorted((each.name for each in _verifiers(view, role) if each.generations != {*later.trusted}), key=str)


def _make(session: Session, role: Role, generation: int) -> None:
    """Write a new generation; one that is there already was left by a crash before anything was signed with it."""
    session.authority(role)  # it opens: the passphrase has not been changed meanwhile
    folder = authority_directory(session.path, role, generation)
    shutil.rmtree(folder, ignore_errors=True)
    passphrase = session.home.passphrase() if session.is_encrypted(role) else None
    write_authority(
        folder, new_authority(_new_name(session, role, generation), session.settings, session.now), passphrase
    )


def _new_name(view: View, role: Role, generation: int) -> str:
    """Return a name that no generation has had: an adopted authority may be called like a later one."""
    taken = {certificates.words(view.certificate(role, each).subject) for each in view.generations(role)}
    numbers = count(generation)
    return next(name for each in numbers if (name := rotation.common_name(view.team, role, each)) not in taken)


def _keep(session: Session, role: Role, later: Rotation, action: str) -> None:
    session.ledger.set_state(f"rotation {role}", asdict(later))
    session.record(f"rotate {action}", f"{role} authority", issuing=later.issuing, trusted=later.trusted)


def _depending(view: View, role: Role) -> list[Party[Member]]:
    """Return the verifiers that a switch must not lock out: none where the authority that signs has expired."""
    return [] if view.has_expired(role) else list(_verifiers(view, role))


def _verifiers(view: View, role: Role) -> Iterator[Party[Member]]:
    if role == "client":
        for daemon in view.ledger.daemons():
            possible = view.ledger.generations_since(daemon.proven)
            yield Party(Member(daemon=daemon.name), rotation.known_to_trust(possible))
    else:
        for use in visits.uses(view):
            yield Party(
                Member(use.person, use.device, came=use.came),
                rotation.known_to_trust(each.trusts for each in use.certificates),
            )


def _holders(view: View, role: Role) -> Iterator[Party[Member]]:
    generation_of = _generations(view, role)
    if role == "client":
        for use in visits.uses(view):
            shown = frozenset(generation_of.get(each.issuer, 0) for each in use.certificates)
            yield Party(Member(use.person, use.device, came=use.came), shown)
    else:
        for daemon in view.ledger.daemons():
            issued = view.ledger.certificates("daemon", daemon=daemon.name, unexpired_at=view.now)
            # The one that it was last seen to serve, and all since: it may serve any of them now.
            serials = [each.serial for each in issued]
            since = serials.index(daemon.serving) if daemon.serving in serials else 0
            served = {generation_of.get(each.issuer, 0) for each in issued[since:]}
            yield Party(Member(daemon=daemon.name), frozenset(served))


def _generations(view: View, role: Role) -> dict[str, int]:
    """Return the generations that are there by the fingerprints of their certificates."""
    known = {
        generation: of(view, generation) if role == "client" else [view.certificate(role, generation)]
        for generation in view.generations(role)
    }
    return {certificates.fingerprint(each): generation for generation, found in known.items() for each in found}
