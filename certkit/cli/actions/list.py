"""What `certkit list` does."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, compress, islice
from pathlib import Path

from certkit.authority.overview import DeviceState, Expiry, due_devices, each_device_state
from certkit.authority.view import View
from certkit.cli.support import home_access, wording
from certkit.cli.support.output import say, say_json, say_table

_ALWAYS = 6
"""Columns that are always there."""
_MANY = 1000
"""Devices of which none is waited for before the first are shown."""
_DUE = (Expiry.EXPIRES_SOON, Expiry.NOT_RENEWED)


def list_people(home: Path | None, *, as_json: bool) -> None:
    """List everybody's devices."""
    with home_access.reading(home) as view:
        found = each_device_state(view)
        if as_json:
            say_json({"devices": list(found)})
        elif first := next(found, None):
            _say(view, chain([first], found))
        else:
            say("Nobody yet. Issue the first: certkit issue alice@acme.example --out alice.certkit")


def _say(view: View, found: Iterator[DeviceState]) -> None:
    """Print the devices; where there are not many, a column that says nothing of anybody is left out."""
    titles = ("person", "device", "state", "since", "issued", "expires", "came", "attention")
    few = list(islice(found, _MANY))
    is_long = len(few) == _MANY
    rows = [_row(each, view.now) for each in few]
    used = [is_long or number < _ALWAYS or any(column) for number, column in enumerate(zip(*rows, strict=True))]
    later = (_row(each, view.now) for each in found)
    say_table([*compress(titles, used)], (list(compress(row, used)) for row in chain(rows, later)))
    if any(each.attention in _DUE for each in (due_devices(view) if is_long else few)):
        say("", "The commands that renew what is due:  certkit status")


def _row(each: DeviceState, now: datetime) -> tuple[object, ...]:
    times = (each.since, each.issued, each.expires, each.came)
    said = f"! {wording.attention(each, now)}" if each.attention in _DUE else ""
    return each.person, each.device, wording.of(each.state), *(time and time.date() for time in times), said
