"""`certkit authority …`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import offered
from certkit.cli.support import options
from certkit.errors import InvalidError

app = typer.Typer(help="The authorities: their fingerprints and their passphrase.", no_args_is_help=True)


@app.callback()
def authority() -> None:
    """Keep the team's authorities."""


@app.command()
@offered("authority show", changes=False)
def show(home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """Show the authorities' fingerprints, for laptops to compare.

    \b
    certkit authority show

    Exit codes: 0 shown, 1 failure, 2 usage.
    """
    actions.authority.show(home, as_json=as_json)


@app.command()
def passphrase(
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="Read the new passphrase from this file's first line.")
    ] = None,
    passphrase_command: Annotated[
        str | None, typer.Option("--passphrase-command", help="Use the new passphrase that this command prints.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Store the keys unencrypted.")] = False,
    home: options.HomeOption = None,
) -> None:
    """Put a passphrase on the keys, change it, or take it off.

    \b
    certkit authority passphrase
    certkit authority passphrase --passphrase-command 'pass show certkit'

    Without an option, the new passphrase is asked for. Exit codes: 0 changed, 1 failure, 2 usage.
    """
    if bool(passphrase_file) + bool(passphrase_command) + remove > 1:
        raise InvalidError("the new passphrase is given in more than one way", "Keep one of the three options.")
    actions.authority.change_passphrase(home, passphrase_file, passphrase_command, remove=remove)
