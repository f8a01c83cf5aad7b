"""The difference between a roster and a team, as data: what is to be done, and what is left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from certkit.authority.batches import Plan as Handouts
from certkit.authority.batches import Wanted
from certkit.authority.revocation import Subject
from certkit.authority.roster_file import ListedDaemon


class Act(StrEnum):
    """What is done to something."""

    ADD = "add"
    CHANGE = "change"
    REVOKE = "revoke"
    REMOVE = "remove"


class Kind(StrEnum):
    """What it is done to."""

    POLICY = "policy"
    DAEMON = "daemon"
    PERSON = "person"
    DEVICE = "device"
    LEAD = "lead"


@dataclass(frozen=True)
class Change:
    """One line of the difference; `what` of the thing is changed, from its `former` value to the one `wanted`."""

    act: Act
    kind: Kind
    name: str
    device: str | None = None
    what: str | None = None
    former: str | None = None
    wanted: str | None = None


class Spared(StrEnum):
    """Why something stays as it is, though the roster says otherwise."""

    NOT_LISTED = "not-listed"
    REVOKED = "revoked"
    IN_USE = "in-use"


@dataclass(frozen=True)
class Left:
    """What is left alone; `host` is a name or an address that a daemon has beside those in the roster."""

    kind: Kind
    name: str
    device: str | None
    why: Spared
    host: str | None = None


class DaemonStep(NamedTuple):
    """A daemon as the roster has it, and which names it is called no more."""

    listed: ListedDaemon
    dropped: tuple[str, ...] = ()


class DaemonPlan(NamedTuple):
    """What is to be done about daemons: `default` is the one that is to be the default, None if it is."""

    removed: tuple[str, ...] = ()
    steps: tuple[DaemonStep, ...] = ()
    default: str | None = None
    changes: tuple[Change, ...] = ()
    left: tuple[Left, ...] = ()


class PeoplePlan(NamedTuple):
    """Who is shut out, and who is to be given something to enroll with."""

    revoked: tuple[Subject, ...] = ()
    missing: tuple[Wanted, ...] = ()
    changes: tuple[Change, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def handouts(self) -> Handouts:
        """Return who is to be given something, as a batch takes it."""
        return Handouts(self.missing, ())


class LeadPlan(NamedTuple):
    """Who becomes a lead, and who is one no more."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    left: tuple[Left, ...] = ()


class Plan(NamedTuple):
    """What is to be done; that of what is done already is empty."""

    policy: Mapping[str, Any]
    daemons: DaemonPlan
    people: PeoplePlan
    leads: LeadPlan
    changes: tuple[Change, ...]
    left: tuple[Left, ...]
