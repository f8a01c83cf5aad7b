"""What `certkit list` does."""

from datetime import datetime
from pathlib import Path

from certkit.authority.overview import DeviceState, Expiry, device_states
from certkit.cli.support import home_access, wording
from certkit.cli.support.output import say, say_json, say_table

_ALWAYS = 6
"""Columns that are always there."""
_DUE = (Expiry.EXPIRES_SOON, Expiry.NOT_RENEWED)


def list_people(home: Path | None, *, as_json: bool) -> None:
    """List everybody's devices."""
    with home_access.reading(home) as view:
        found = device_states(view)
    if as_json:
        say_json({"devices": found})
    elif not found:
        say("Nobody yet. Issue the first: certkit issue alice@acme.example --out alice.certkit")
    else:
        _say(found, view.now)


def _say(found: list[DeviceState], now: datetime) -> None:
    """Print the devices; a column that says nothing of anybody is left out, as that of what is due."""
    titles = ("person", "device", "state", "since", "issued", "expires", "came", "attention")
    rows = [_row(each, now) for each in found]
    told = [number for number, column in enumerate(zip(*rows, strict=True)) if number < _ALWAYS or any(column)]
    say_table([titles[number] for number in told], [[row[number] for number in told] for row in rows])
    if any(each.attention in _DUE for each in found):
        say("", "The commands that renew what is due:  certkit status")


def _row(each: DeviceState, now: datetime) -> tuple[object, ...]:
    times = (each.since, each.issued, each.expires, each.came)
    said = f"! {wording.attention(each, now)}" if each.attention in _DUE else ""
    return each.person, each.device, wording.of(each.state), *(time and time.date() for time in times), said
