"""`certkit authority …`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli.support import context, passphrases
from certkit.cli.support.output import say, say_json
from certkit.errors import InvalidError

app = typer.Typer(help="The authorities: their fingerprints and their passphrase.", no_args_is_help=True)


@app.callback()
def authority() -> None:
    """Keep the team's authorities."""


@app.command()
def show(home: context.HomeOption = None, as_json: context.JsonOption = False) -> None:
    """Show the authorities' fingerprints, for laptops to compare.

    \b
    certkit authority show

    Exit codes: 0 shown, 1 failure, 2 usage.
    """
    from certkit.authority.authorities import authority_states

    with context.reading(home) as view:
        found = authority_states(view)
    if as_json:
        say_json({"authorities": found})
    for each in () if as_json else found:
        say(f"{each.name}, {each.duty}, until {each.expires.date()}", f"  SHA-256 {each.sha256}")


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
    """Put a passphrase on the keys, change it, or take it off.

    \b
    certkit authority passphrase
    certkit authority passphrase --passphrase-command 'pass show certkit'

    Without an option the new one is asked for. Exit codes: 0 changed, 1 failure, 2 usage.
    """
    from certkit.authority.passphrase_change import change_passphrase

    if bool(passphrase_file) + bool(passphrase_command) + remove > 1:
        raise InvalidError("the new passphrase is given in more than one way", "Keep one of the three options.")
    with context.changing(home) as session:
        session.authority("client")  # the former passphrase is asked for first
        new = None if remove else passphrases.new_of_authorities(passphrase_file, passphrase_command)
        file = str(passphrase_file.absolute()) if passphrase_file else ""
        change_passphrase(session, new, file=file, command=passphrase_command or "")
    say("The authorities' keys are no longer encrypted." if remove else "The authorities' keys have a new passphrase.")
    say("Backups that were made before keep the former one.")
