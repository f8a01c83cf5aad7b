"""What `certkit list` does."""

from datetime import datetime
from pathlib import Path

from certkit.authority.overview import DeviceState, Expiry, device_states
from certkit.cli.support import home_access, wording
from certkit.cli.support.output import say, say_json, say_table


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
    """Print the devices; what ends soon is marked, and only then has a column."""
    due = [each for each in found if each.attention is Expiry.EXPIRES_SOON]
    titles = ("person", "device", "state", "since", "issued", "expires", *(["attention"] if due else []))
    say_table(titles, [_row(each, now)[: len(titles)] for each in found])
    if due:
        say("", "The commands that renew what is due:  certkit status")


def _row(each: DeviceState, now: datetime) -> tuple[object, ...]:
    times = (each.since, each.issued, each.expires)
    said = f"! {wording.attention(each.attention, each.expires, now)}" if each.attention is Expiry.EXPIRES_SOON else ""
    return each.person, each.device, wording.of(each.state), *(time and time.date() for time in times), said
