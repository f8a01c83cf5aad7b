"""`certkit status`."""

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from certkit.cli.support import context, wording
from certkit.cli.support.exit_codes import FailOn
from certkit.cli.support.output import say, say_json, say_table
from certkit.cli.support.remedies.overview import remedy
from certkit.results import as_json as as_json_form

if TYPE_CHECKING:
    from certkit.authority.overview import Item
    from certkit.authority.view import View


def status(
    fail_on: context.FailOnOption = FailOn.ERROR,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Say what expires when, and what needs attention.

    \b
    certkit status
    certkit status --json
    certkit status --fail-on warning

    What is due but not broken yet is a warning (!): a certificate that expires soon, a file that others can read.
    Exit codes: 0 nothing is broken, 1 failure, 2 usage, 3 something has expired or is behind (--fail-on warning: or
    is due).
    """
    from certkit.authority.overview import Severity, notes, overview

    with context.reading(home) as view:
        items, told, seen_at = overview(view), notes(view), view.now
        any_daemon = next((daemon.name for daemon in view.ledger.daemons()), None)
        remedies = {item: _command(view, item, any_daemon) for item in items if item.attention}
    broken = [item for item in remedies if item.severity is Severity.ERROR]
    if as_json:
        shown = [{**as_json_form(item), "severity": item.severity, "remedy": remedies.get(item)} for item in items]
        say_json({"ok": not broken, "items": shown, "notes": told})
    else:
        _say(items, remedies, seen_at)
        say(*(f"Note: {wording.of(each)}" for each in told), _verdict(items))
    if broken or (remedies and fail_on is FailOn.WARNING):
        raise typer.Exit(3)


def _say(items: "list[Item]", remedies: "dict[Item, str]", now: datetime) -> None:
    said = {item: wording.attention(item.attention, item.expires, now) for item in items}
    say_table(
        ("", "name", "expires", "attention"),
        [(item.kind, _name(item), item.expires and item.expires.date(), _mark(item) + said[item]) for item in items],
    )
    say("", *(f"{item.kind} {_name(item)} {said[item]}:  {command}" for item, command in remedies.items()))


def _verdict(items: "list[Item]") -> str:
    wanting = [item for item in items if item.severity]
    warned = [item for item in wanting if item.severity == "warning"]
    if not wanting:
        return "All is well."
    if len(warned) == len(wanting):
        return f"Nothing is broken; {len(warned)} of {len(items)} items are due."
    return f"{len(wanting)} of {len(items)} items need attention."


def _command(view: "View", item: "Item", any_daemon: str | None) -> str:
    words = remedy(item, any_daemon)
    return words if item.kind == "home" else context.command(view, words)


def _mark(item: "Item") -> str:
    return "! " if item.severity == "warning" else ""


def _name(item: "Item") -> str:
    return f"{item.name} {item.device}" if item.device else item.name
