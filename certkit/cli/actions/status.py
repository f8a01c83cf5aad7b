"""What `certkit status` does."""

from datetime import datetime
from pathlib import Path

from certkit.authority.overview import Item, notes, overview
from certkit.authority.view import View
from certkit.cli.support import home_access, wording
from certkit.cli.support.output import say, say_json, say_table
from certkit.cli.support.remedies.overview import remedy
from certkit.results import as_json as as_json_form


def status(home: Path | None, *, as_json: bool) -> bool:
    """Say what expires when and what needs attention; return whether all is well."""
    with home_access.reading(home) as view:
        items, told, seen_at = overview(view), notes(view), view.now
        any_daemon = next((daemon.name for daemon in view.ledger.daemons()), None)
        remedies = {item: _command(view, item, any_daemon) for item in items if item.attention}
    if as_json:
        shown = [{**as_json_form(item), "remedy": remedies.get(item)} for item in items]
        say_json({"ok": not remedies, "items": shown, "notes": told})
    else:
        _say(items, remedies, seen_at)
        say(*(f"Note: {wording.of(each)}" for each in told))
    return not remedies


def _say(items: list[Item], remedies: dict[Item, str], now: datetime) -> None:
    said = {item: wording.attention(item.attention, item.expires, now) for item in items}
    say_table(
        ("", "name", "expires", "attention"),
        [(item.kind, _name(item), item.expires and item.expires.date(), said[item]) for item in items],
    )
    say("", *(f"{item.kind} {_name(item)} {said[item]}:  {command}" for item, command in remedies.items()))
    count = f"{len(remedies)} of {len(items)} items {'needs' if len(remedies) == 1 else 'need'} attention."
    say(count if remedies else "All is well.")


def _command(view: View, item: Item, any_daemon: str | None) -> str:
    words = remedy(item, any_daemon)
    return words if item.kind == "home" else home_access.command(view, words)


def _name(item: Item) -> str:
    return f"{item.name} {item.device}" if item.device else item.name
