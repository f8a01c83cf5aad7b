"""What `certkit status` does."""

from datetime import datetime
from pathlib import Path

from certkit.authority.daemons import default_name
from certkit.authority.home import ROLES
from certkit.authority.overview import Expiry, Item, Kind, Severity, Summary, notes, overview, summary
from certkit.authority.sizes import Sizes, sizes
from certkit.authority.view import View
from certkit.cli.support import home_access, wording
from certkit.cli.support.output import say, say_json, say_table
from certkit.cli.support.remedies import ERRORS
from certkit.cli.support.remedies.overview import ALL_DEVICES, remedy
from certkit.results import as_json as as_json_form

_LARGE = 64 * 1024
"""Bytes of a `ca.pem` from which on its size is of interest: a small team has a thirtieth of it."""
_MOST = 100
"""Devices that are named: whoever has more of them does something for all at once."""
_CLOCKS = ERRORS["authority-not-yet-valid"]
"""What to do where an authority is not valid yet: no command that has it sign helps."""


def status(home: Path | None, *, as_json: bool) -> tuple[bool, bool]:
    """Say what expires when and what needs attention; return whether something is broken, and whether any is due."""
    with home_access.reading(home) as view:
        measured, told, seen_at, default = sizes(view), notes(view), view.now, default_name(view)
        items, more = Summary(overview(view, measured), 0) if as_json else summary(view, measured)
        wanting = [item for item in items if item.attention]
        too_early = any(item.kind is Kind.AUTHORITY and item.attention is Expiry.NOT_YET_VALID for item in items)
        unsigned = {item for item in wanting if too_early and item.attention is Expiry.NOT_YET_VALID}
        devices = [e for e in wanting if e.kind is Kind.DEVICE and not e.renews_by and e not in unsigned]
        at_once_too = {*devices} if len(devices) > 1 and not as_json else set()
        left_out = set() if as_json else _all_but_first([e for e in wanting if e.kind is Kind.DEVICE])
        without_command = at_once_too | left_out
        remedies = {item: _command(view, item, default) for item in wanting if item not in without_command}
        remedies |= dict.fromkeys(unsigned, _CLOCKS)
        at_once = home_access.command(view, ALL_DEVICES)
    broken = any(item.severity is Severity.ERROR for item in wanting)
    if as_json:
        shown = [{**as_json_form(item), "severity": item.severity, "remedy": remedies.get(item)} for item in items]
        say_json({"ok": not broken, "items": shown, "notes": told, "default_daemon": default, "sizes": measured})
    else:
        _say([item for item in items if item not in left_out], remedies, seen_at, default)
        if left_out:
            say("", f"{len(left_out)} more devices are due, and end later: certkit list marks them")
        if len(devices) > 1:
            say("", f"{len(devices)} devices, all at once", f"  {at_once}")
        if more:
            say("", f"{more} more devices may build, and none of them is due: certkit list")
        if measured.anchors >= _LARGE:
            say("", _in_words(measured))
        say(*(f"Note: {wording.of(each)}" for each in told), _verdict(items, more))
    return broken, bool(wanting)


def _all_but_first(due: list[Item]) -> set[Item]:
    """Return the devices that are counted only: of many that are due, those that end first are enough to look at."""
    return {*sorted(due, key=lambda item: str(item.expires))[_MOST:]}


def _say(items: list[Item], remedies: dict[Item, str], now: datetime, default: str | None) -> None:
    said = {item: wording.attention(item, now) + _of_host(item) for item in items}
    several = sum(item.kind is Kind.DAEMON for item in items) > 1
    marks = {item: " (default)" for item in items if several and item.kind is Kind.DAEMON and item.name == default}
    rows = [(item, item.expires and item.expires.date()) for item in items]
    say_table(
        ("", "name", "expires", "attention"),
        [(item.kind, _name(item) + marks.get(item, ""), end, _mark(item) + said[item]) for item, end in rows],
    )
    for item, command in remedies.items():
        if command != _CLOCKS:
            say("", f"{item.kind} {_name(item)} {said[item]}", f"  {command}")
    if _CLOCKS in remedies.values():
        say("", *(f"{e.kind} {_name(e)} {said[e]}" for e in remedies if remedies[e] == _CLOCKS), f"  {_CLOCKS}")
    if any(item.attention is Expiry.NOT_RENEWED for item in remedies):
        say("", "A device that has not renewed does so when it is next in use, and needs a code only if it cannot.")


def _in_words(measured: Sizes) -> str:
    published = f"ca.pem excludes {measured.excluded} names in {measured.anchors >> 10} kB"
    return f"{published}, crl.pem has {measured.crl >> 10} kB, the ledger {measured.ledger >> 20} MB."


def _of_host(item: Item) -> str:
    """Say what is known of a daemon whose host syncs: that it is proven, and when, or what its host does about it."""
    if item.took is not None and item.attention is None:
        return f"proven by its host, publication {item.proven}, {item.took} s after it"
    return f" ({wording.of(f'host-{item.outcome}')})" if item.outcome and item.outcome != "proven" else ""


def _verdict(items: list[Item], more: int) -> str:
    wanting, of = [item for item in items if item.severity], f"of {len(items) + more} items"
    if not wanting:
        return "All is well."
    if all(item.severity is Severity.WARNING for item in wanting):
        return f"Nothing is broken; {len(wanting)} {of} {'is' if len(wanting) == 1 else 'are'} due."
    return f"{len(wanting)} {of} {'needs' if len(wanting) == 1 else 'need'} attention."


def _mark(item: Item) -> str:
    return "! " if item.severity is Severity.WARNING else ""


def _command(view: View, item: Item, any_daemon: str | None) -> str:
    words = remedy(item, any_daemon, _next_step(view, item)).strip()
    return words if item.kind == "home" else home_access.command(view, words)


def _next_step(view: View, item: Item) -> str:
    return next((view.rotation(role).steps[0] for role in ROLES if (item.kind, item.name) == ("authority", role)), "")


def _name(item: Item) -> str:
    return f"{item.name} {item.device}" if item.device else item.name
