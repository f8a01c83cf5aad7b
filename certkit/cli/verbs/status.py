"""`certkit status`."""

import typer

from certkit.cli import actions
from certkit.cli.support import exit_codes, options


def status(home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """Show what expires when, and what needs attention.

    \b
    certkit status
    certkit status --json

    Exit codes: 0 all is well, 1 failure, 2 usage, 3 something needs attention.
    """
    if not actions.status.status(home, as_json=as_json):
        raise typer.Exit(exit_codes.FINDINGS)
