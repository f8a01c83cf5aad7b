"""`certkit log`."""

from typing import Annotated

import typer

from certkit.cli.support import completions, context, numbers
from certkit.cli.support.output import say_json, say_table, worded


def log(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUBJECT]",
            help="Only what was done to this person or daemon.",
            autocompletion=completions.people_and_daemons,
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option("--last", metavar="<number>", parser=numbers.count(1), help="Show only this many of the newest."),
    ] = None,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Show what was done: when, by whom, where, to whom or what.

    \b
    certkit log
    certkit log alice@acme.example --last 10

    Exit codes: 0 shown, 1 failure or nothing about that, 2 usage.
    """
    from certkit.authority.lookup import UnknownNameError

    with context.reading(home) as view:
        events = view.ledger.events(subject=subject, limit=last)
        if subject and not events:
            known = sorted({event.subject for event in view.ledger.events()})
            raise UnknownNameError(f"there is nothing about {subject!r}", subject, known)
    if as_json:
        say_json({"events": events})
        return
    rows = [
        (
            f"{event.at:%Y-%m-%d %H:%M:%S}Z",
            f"{event.actor.name}@{event.actor.host}",
            event.action,
            event.subject,
            " ".join(f"{key}={worded(value)}" for key, value in event.detail.items() if worded(value)),
        )
        for event in events
    ]
    say_table(("when", "who", "did", "to", "with"), rows)
