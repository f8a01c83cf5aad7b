"""`certkit authority …`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import context
from certkit.cli.output import say
from certkit.errors import UsageError

app = typer.Typer(help="The team's authorities.", no_args_is_help=True)


@app.callback()
def authority() -> None:
    """Keep the team's authorities."""


@app.command()
def passphrase(
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="The new one is the first line of this file.")
    ] = None,
    passphrase_command: Annotated[
        str | None, typer.Option("--passphrase-command", help="The new one is what this command prints.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Leave the keys unencrypted.")] = False,
    home: context.HomeOption = None,
) -> None:
    """Put a passphrase on the authorities' keys, change it, or take it off; the new one is asked for.

    \b
    certkit authority passphrase
    certkit authority passphrase --passphrase-command 'pass show certkit'

    Exit codes: 0 changed, 1 failure, 2 usage.
    """
    from certkit.authority import passphrase as source
    from certkit.authority.rekey import change_passphrase

    if bool(passphrase_file) + bool(passphrase_command) + remove > 1:
        raise UsageError("the new passphrase is given in more than one way", "Keep one of the three options.")
    with context.opened(home) as team:
        team.authority("client")  # the former passphrase is asked for first
        new = None
        if passphrase_file:
            new = source.from_file(passphrase_file)
        elif passphrase_command:
            new = source.from_command(passphrase_command)
        elif not remove:
            new = context.ask_secret("New passphrase for the authorities", confirm=True).encode()
        file = str(passphrase_file.absolute()) if passphrase_file else ""
        change_passphrase(team, new, context.now(), file=file, command=passphrase_command or "")
    say("The authorities' keys are no longer encrypted." if remove else "The authorities' keys have a new passphrase.")
    say("Backups that were made before keep the former one.")
