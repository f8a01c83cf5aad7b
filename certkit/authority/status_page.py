"""What the page of a team's status shows: ends by week, who has not renewed, and what each daemon holds since when."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from certkit.authority import daemons
from certkit.authority.overview import DeviceState, Item, Kind, Note, State, device_states, notes, overview
from certkit.authority.sizes import sizes
from certkit.authority.view import View
from certkit.ledger.interface import Daemon

WEEKS = 53
"""As far as the plot reaches: longer lives than a year are rare."""


@dataclass(frozen=True)
class Week:
    """How many devices' certificates end in the week that begins on a Monday."""

    monday: date
    devices: int


@dataclass(frozen=True)
class Holding:
    """What a daemon was seen to hold: a publication by its number, and since when; None where it was never seen."""

    state: daemons.DaemonState
    since: datetime | None


@dataclass(frozen=True)
class StatusPage:
    """All that the page shows."""

    team: str
    at: datetime
    items: Sequence[Item]
    notes: Sequence[Note]
    weeks: Sequence[Week]
    later: int
    """How many devices' certificates end behind the last week."""
    holdings: Sequence[Holding]

    @property
    def devices(self) -> int:
        """Return how many devices may build."""
        return self.later + sum(week.devices for week in self.weeks)

    @property
    def not_renewed(self) -> list[Item]:
        """Return the devices of which something is the matter, whatever ends first at the top."""
        due = (each for each in self.items if each.kind is Kind.DEVICE and each.attention)
        return sorted(due, key=lambda each: (each.expires or self.at, each.name))

    @property
    def wanting(self) -> list[Item]:
        """Return what else something is the matter with."""
        return [each for each in self.items if each.attention and each.kind is not Kind.DEVICE]


def status_page(view: View) -> StatusPage:
    """Gather what the page shows."""
    weeks, later = _weeks(device_states(view), view.now)
    holdings = [Holding(daemons.state(view, each), _since(view, each)) for each in view.ledger.daemons()]
    return StatusPage(view.team, view.now, overview(view, sizes(view)), notes(view), weeks, later, holdings)


def _weeks(states: Iterable[DeviceState], now: datetime) -> tuple[list[Week], int]:
    first = now.date() - timedelta(days=now.weekday())
    ends = (each.expires.date() for each in states if each.expires and each.state is State.VALID)
    counted = Counter((end - first).days // 7 for end in ends)
    weeks = [Week(first + timedelta(weeks=number), counted[number]) for number in range(WEEKS)]
    return weeks, sum(count for number, count in counted.items() if number >= WEEKS)


def _since(view: View, daemon: Daemon) -> datetime | None:
    """Return since when a daemon is known to hold what it was last seen to hold."""
    since = None
    if daemon.serving:
        for event in view.ledger.events(subject=daemon.name, action="daemon check"):
            is_so = event.detail.get("anchors") == daemon.proven
            since = (since or event.at) if is_so else None
    return since
