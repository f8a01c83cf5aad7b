"""Replace an authority by its next generation, step by step, so that nobody is locked out in between."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from certkit.authority.creation import new_authority, write_authority
from certkit.authority.home import Home, authority_directory
from certkit.authority.publication import publishing
from certkit.ledger.interface import Certificate
from certkit.pki import certificates
from certkit.trust import rotation
from certkit.trust.rotation import Party, Role, Rotation, Step


@dataclass(frozen=True)
class Standing:
    """Where a rotation stands, which steps can be taken, and whom each would lock out."""

    role: Role
    rotation: Rotation
    blocked: dict[Step, list[str]]
    if_compromised: list[str]
    """Who would have to enroll again if its key had leaked."""


def standing(home: Home, role: Role, now: datetime) -> Standing:
    """Say where a rotation stands."""
    found = home.rotation(role)
    verifiers, holders = list(_verifiers(home, role, now)), list(_holders(home, role, now))
    blocked = {
        step: rotation.locked_out(found, rotation.after(found, step), verifiers=verifiers, holders=holders)
        for step in found.steps
    }
    return Standing(role, found, blocked, _must_enroll_again(home, found, role, now))


def take(home: Home, role: Role, step: Step, now: datetime, *, force: bool) -> Rotation:
    """Take a step; raises RefusedError, naming whom, if it would lock anybody out and is not forced."""
    home.authority(role)  # asks for the passphrase, if at all, before others have to wait
    with home.locked():
        if step == "prepare":
            _make(home, role, rotation.after(home.rotation(role), step).last, now)
        with publishing(home, now):
            later = rotation.take(
                home.rotation(role),
                step,
                verifiers=_verifiers(home, role, now),
                holders=_holders(home, role, now),
                force=force,
            )
            _keep(home, role, later, step, now)
    return later


def replace_compromised(home: Home, role: Role, now: datetime) -> list[str]:
    """Trust a leaked authority no more, at once; give who must enroll again."""
    home.authority(role)
    with home.locked():
        before = home.rotation(role)
        later = rotation.compromised(before)
        if later.issuing > before.last:
            _make(home, role, later.issuing, now)
        with publishing(home, now):
            _keep(home, role, later, "compromised", now)
            return _must_enroll_again(home, before, role, now)


def _must_enroll_again(home: Home, found: Rotation, role: Role, now: datetime) -> list[str]:
    """Name the devices that the short way locks out, and those that go on believing a leaked server authority."""
    later = rotation.compromised(found)
    if role == "client":
        return rotation.locked_out(found, later, verifiers=(), holders=_holders(home, role, now))
    return sorted(each.name for each in _verifiers(home, role, now) if each.generations != {*later.trusted})


def _make(home: Home, role: Role, generation: int, now: datetime) -> None:
    """Write a new generation; one that is there already was left by a crash before anything was signed with it."""
    home.authority(role)  # it opens: the passphrase has not been changed meanwhile
    folder = authority_directory(home.path, role, generation)
    shutil.rmtree(folder, ignore_errors=True)
    passphrase = home.passphrase() if home.is_encrypted(role) else None
    write_authority(folder, new_authority(role, generation, home.settings, now), passphrase)


def _keep(home: Home, role: Role, later: Rotation, action: str, now: datetime) -> None:
    home.ledger.set_state(f"rotation {role}", asdict(later))
    home.record(f"rotate {action}", f"{role} authority", now, issuing=later.issuing, trusted=later.trusted)


def _verifiers(home: Home, role: Role, now: datetime) -> Iterator[Party]:
    if role == "client":
        for daemon in home.ledger.daemons():
            possible = home.ledger.generations_since(daemon.proven)
            yield Party(f"daemon {daemon.name}", rotation.known_to_trust(possible))
    else:
        for each in _newest_of_devices(home, now):
            yield Party(f"{each.person} {each.device}", frozenset(each.trusts))


def _holders(home: Home, role: Role, now: datetime) -> Iterator[Party]:
    generation_of = _generations(home, role)
    if role == "client":
        for each in _newest_of_devices(home, now):
            yield Party(f"{each.person} {each.device}", frozenset({generation_of.get(each.issuer, 0)}))
    else:
        for daemon in home.ledger.daemons():
            issued = home.ledger.certificates("daemon", daemon=daemon.name, unexpired_at=now)
            # The one that it was last seen to serve, and all since: it may serve any of them now.
            serials = [each.serial for each in issued]
            since = serials.index(daemon.serving) if daemon.serving in serials else 0
            served = {generation_of.get(each.issuer, 0) for each in issued[since:]}
            yield Party(f"daemon {daemon.name}", frozenset(served))


def _newest_of_devices(home: Home, now: datetime) -> Iterator[Certificate]:
    """Give the newest certificate of every device that may build: the one that it is taken to use."""
    out = {(each.person, each.device) for each in home.ledger.revoked_certificates(now)}
    for each in home.ledger.certificates("device", newest_only=True, unexpired_at=now):
        if (each.person, each.device) not in out:
            yield each


def _generations(home: Home, role: Role) -> dict[str, int]:
    """Give the generations that are there by the fingerprints of their certificates."""
    return {
        certificates.fingerprint(home.certificate(role, generation)): generation
        for generation in home.generations(role)
    }
