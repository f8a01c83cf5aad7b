"""`certkit log`."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import offered
from certkit.cli.support import completions, numbers, options


@offered("log", changes=False)
def log(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUBJECT]",
            help="Show only entries about this person or daemon.",
            autocompletion=completions.people_and_daemons,
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option("--last", metavar="<number>", parser=numbers.count(1), help="Show only this many of the newest."),
    ] = None,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Show the log: what was done, when and by whom.

    \b
    certkit log
    certkit log alice@acme.example --last 10

    Exit codes: 0 shown, 1 failure or nothing about that, 2 usage.
    """
    actions.log.log(home, subject, last, as_json=as_json)
