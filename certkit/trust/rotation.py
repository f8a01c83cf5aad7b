"""Rotation: one authority after another, so that nobody is locked out in between. Pure data; either role.

An authority has *holders*, who show its certificates, and *verifiers*, who trust it: for the client authority these are
devices and daemons, for the server authority daemons and devices. Everything follows from two rules:

1. The next certificates come from another authority only when every verifier trusts that one.
2. An authority is no longer trusted only when no holder depends on it.

    settled --prepare--> prepared --switch--> switched --retire--> retired (settled, and can still go back)
            <-rollback--          <-rollback-          <-rollback-

Each generation has a name of its own: a laptop shows a certificate only to a daemon that lists its issuer's name,
OpenSSL finds an issuer by name first, and whoever looks at a daemon's list sees which generation it trusts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, Literal, TypeVar

from certkit.errors import InvalidError, RefusedError

Role = Literal["client", "server"]
Step = Literal["prepare", "switch", "retire", "rollback"]

Name = TypeVar("Name")
"""What a party is called: anything that `str` turns into a name for people."""

_SHOWN = 10


class Stage(StrEnum):
    """How far a rotation has come."""

    SETTLED = "settled"
    PREPARED = "prepared"
    SWITCHED = "switched"
    RETIRED = "retired"


_MOVES: dict[tuple[Stage, Step], Stage] = {
    (Stage.SETTLED, "prepare"): Stage.PREPARED,
    (Stage.PREPARED, "switch"): Stage.SWITCHED,
    (Stage.PREPARED, "rollback"): Stage.SETTLED,
    (Stage.SWITCHED, "retire"): Stage.RETIRED,
    (Stage.SWITCHED, "rollback"): Stage.PREPARED,
    (Stage.RETIRED, "prepare"): Stage.PREPARED,
    (Stage.RETIRED, "rollback"): Stage.SWITCHED,
}


@dataclass(frozen=True)
class Rotation:
    """Where one of the two authorities stands. Generations count from 1; `last` is the newest ever made."""

    stage: Stage = Stage.SETTLED
    old: int = 1
    new: int | None = None
    last: int = 1

    @property
    def issuing(self) -> int:
        """The generation that signs what is signed now."""
        return self.new if self.new and self.stage in (Stage.SWITCHED, Stage.RETIRED) else self.old

    @property
    def trusted(self) -> tuple[int, ...]:
        """The generations that verifiers are told to trust, oldest first."""
        if self.new and self.stage in (Stage.PREPARED, Stage.SWITCHED):
            return (self.old, self.new)
        return (self.issuing,)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What can be done next, forward before backward."""
        return tuple(step for stage, step in _MOVES if stage is self.stage)


@dataclass(frozen=True)
class Party(Generic[Name]):
    """A holder with the generations that it may depend on, or a verifier with those that it is known to trust.

    What is not known counts against a step: a laptop that may not have taken up its newest certificate yet depends on
    both that one's generation and the former one's.
    """

    name: Name
    generations: frozenset[int]


def after(rotation: Rotation, step: Step) -> Rotation:
    """Return where a step leads; raise InvalidError if it cannot be taken from here."""
    stage = _MOVES.get((rotation.stage, step))
    if stage is None:
        raise InvalidError(
            f"this authority is {rotation.stage}, so there is nothing to {step}",
            f"What can be done: {', '.join(rotation.steps)}.",
            code="rotation-step-unavailable",
            stage=rotation.stage,
            step=step,
            possible=rotation.steps,
        )
    if stage is Stage.SETTLED:
        return replace(rotation, stage=stage, new=None)
    if step == "prepare":
        return Rotation(stage, rotation.issuing, rotation.last + 1, rotation.last + 1)
    return replace(rotation, stage=stage)


def compromised(rotation: Rotation) -> Rotation:
    """Return where the short way leads: the older authority is distrusted at once, and there is no way back to it.

    One that is prepared takes its place; otherwise the next generation does, which is then to be made.
    """
    if rotation.stage in (Stage.PREPARED, Stage.SWITCHED) and rotation.new:
        return Rotation(Stage.SETTLED, rotation.new, None, rotation.last)
    return Rotation(Stage.SETTLED, rotation.last + 1, None, rotation.last + 1)


def locked_out(
    before: Rotation, later: Rotation, *, verifiers: Iterable[Party[Name]], holders: Iterable[Party[Name]]
) -> list[Name]:
    """Name everybody whom a change would lock out: the two rules above."""
    dropped = set(before.trusted).difference(later.trusted)
    names = {each.name for each in holders if not dropped.isdisjoint(each.generations)}
    if later.issuing != before.issuing:
        names.update(each.name for each in verifiers if later.issuing not in each.generations)
    return sorted(names, key=str)


def take(
    rotation: Rotation,
    step: Step,
    *,
    verifiers: Iterable[Party[Name]],
    holders: Iterable[Party[Name]],
    force: bool = False,
) -> Rotation:
    """Return where a step leads; raise RefusedError, naming whom, if it would lock anybody out and is not forced."""
    later = after(rotation, step)
    names = locked_out(rotation, later, verifiers=verifiers, holders=holders)
    if names and not force:
        raise RefusedError(
            f"to {step} now would lock out {_listed(names)}",
            code="rotation-locks-out",
            step=step,
            names=[str(each) for each in names],
        )
    return later


def known_to_trust(possible: Iterable[Iterable[int]]) -> frozenset[int]:
    """Return the generations that a verifier surely trusts: those that all that it may hold have in common."""
    each = [frozenset(generations) for generations in possible]
    return frozenset.intersection(*each) if each else frozenset()


def common_name(team: str, role: Role, generation: int) -> str:
    """Name a generation: the first as ever, the later ones by their number."""
    return f"{team} {role} authority" + (f" {generation}" if generation > 1 else "")


def _listed(names: Sequence[object]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(map(str, names[:_SHOWN])) + (f" and {more} more" if more > 0 else "")
