"""`certkit status`."""

from dataclasses import replace

import typer

from certkit.cli.support import context
from certkit.cli.support.output import say, say_json, say_table


def status(home: context.HomeOption = None, as_json: context.JsonOption = False) -> None:
    """Say what expires when, and what needs attention.

    \b
    certkit status
    certkit status --json

    Exit codes: 0 all is well, 1 failure, 2 usage, 3 something needs attention.
    """
    from certkit.authority.overview import status as find_status

    with context.opened(home) as team:
        items = [
            replace(item, remedy=context.command(team, item.remedy.removeprefix("certkit "))) if item.remedy else item
            for item in find_status(team, context.now())
        ]
    wanting = [item for item in items if item.attention]
    if as_json:
        say_json({"ok": not wanting, "items": [vars(item) for item in items]})
    else:
        say_table(
            ("", "name", "expires", "attention"),
            [(item.kind, item.name, item.expires.date(), item.attention) for item in items],
        )
        say("", *(f"{item.kind} {item.name} {item.attention}:  {item.remedy}" for item in wanting))
        say("All is well." if not wanting else f"{len(wanting)} of {len(items)} need attention.")
    if wanting:
        raise typer.Exit(3)
