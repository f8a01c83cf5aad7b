"""`certkit status`."""

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from certkit.cli.support import context, wording
from certkit.cli.support.output import say, say_json, say_table
from certkit.cli.support.remedies.overview import remedy
from certkit.results import as_json as as_json_form

if TYPE_CHECKING:
    from certkit.authority.overview import Item
    from certkit.authority.view import View


def status(home: context.HomeOption = None, as_json: context.JsonOption = False) -> None:
    """Say what expires when, and what needs attention.

    \b
    certkit status
    certkit status --json

    Exit codes: 0 all is well, 1 failure, 2 usage, 3 something needs attention.
    """
    from certkit.authority.overview import notes, overview

    with context.reading(home) as view:
        items, told, seen_at = overview(view), notes(view), view.now
        any_daemon = next((daemon.name for daemon in view.ledger.daemons()), None)
        remedies = {item: _command(view, item, any_daemon) for item in items if item.attention}
    if as_json:
        shown = [{**as_json_form(item), "remedy": remedies.get(item)} for item in items]
        say_json({"ok": not remedies, "items": shown, "notes": told})
    else:
        _say(items, remedies, seen_at)
        say(*(f"Note: {wording.of(each)}" for each in told))
    if remedies:
        raise typer.Exit(3)


def _say(items: "list[Item]", remedies: "dict[Item, str]", now: datetime) -> None:
    said = {item: wording.attention(item.attention, item.expires, now) for item in items}
    say_table(
        ("", "name", "expires", "attention"),
        [(item.kind, _name(item), item.expires and item.expires.date(), said[item]) for item in items],
    )
    say("", *(f"{item.kind} {_name(item)} {said[item]}:  {command}" for item, command in remedies.items()))
    say("All is well." if not remedies else f"{len(remedies)} of {len(items)} items need attention.")


def _command(view: "View", item: "Item", any_daemon: str | None) -> str:
    words = remedy(item, any_daemon)
    return words if item.kind == "home" else context.command(view, words)


def _name(item: "Item") -> str:
    return f"{item.name} {item.device}" if item.device else item.name
