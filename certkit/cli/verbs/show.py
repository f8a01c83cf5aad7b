"""`certkit show`."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import offered
from certkit.cli.support import completions, options


@offered("show", changes=False)
def show(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PERSON|SERIAL|DAEMON", help="Who or what to show.", autocompletion=completions.people_and_daemons
        ),
    ],
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Show everything known about a person, certificate or daemon.

    \b
    certkit show alice@acme.example
    certkit show 5e:0c:…          as openssl, a browser or the probe print it
    certkit show build

    Exit codes: 0 shown, 1 failure or nothing of that name, 2 usage.
    """
    actions.show.show(home, what, as_json=as_json)
