"""`certkit status`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import File, offered
from certkit.cli.support import exit_codes, options
from certkit.cli.support.exit_codes import FailOn


@offered("status", changes=False, html=File.REPLACED)
def status(
    html: Annotated[
        Path | None, typer.Option("--html", help="Write it as a page for a browser, too: one file, with a plot.")
    ] = None,
    fail_on: options.FailOnOption = FailOn.ERROR,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Show what expires when, and what needs attention.

    \b
    certkit status
    certkit status --json
    certkit status --fail-on warning
    certkit status --html status.html

    What is due but not broken yet is a warning (!): a certificate that expires soon, a file that others can read.
    Exit codes: 0 nothing is broken, 1 failure, 2 usage, 3 something has expired or is behind (--fail-on warning: or
    is due).
    """
    if html:
        actions.status_page.write(home, html)
    broken, due = actions.status.status(home, as_json=as_json)
    if broken or (due and fail_on is FailOn.WARNING):
        raise typer.Exit(exit_codes.FINDINGS)
