"""What `certkit list` does."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from pathlib import Path

from certkit.authority.overview import DeviceState, Expiry, due_devices, each_device_state
from certkit.authority.view import View
from certkit.cli.support import home_access, wording
from certkit.cli.support.output import say, say_json, say_table


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


def _say(view: View, found: Iterable[DeviceState]) -> None:
    """Print the devices; what ends soon is marked, and only then has a column."""
    due = any(each.attention is Expiry.EXPIRES_SOON for each in due_devices(view))
    titles = ("person", "device", "state", "since", "issued", "expires", *(["attention"] if due else []))
    say_table(titles, (_row(each, view.now)[: len(titles)] for each in found))
    if due:
        say("", "The commands that renew what is due:  certkit status")


def _row(each: DeviceState, now: datetime) -> tuple[object, ...]:
    times = (each.since, each.issued, each.expires)
    said = f"! {wording.attention(each.attention, each.expires, now)}" if each.attention is Expiry.EXPIRES_SOON else ""
    return each.person, each.device, wording.of(each.state), *(time and time.date() for time in times), said
