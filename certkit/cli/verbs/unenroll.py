"""`certkit unenroll`."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import options


def unenroll(
    team: Annotated[str | None, typer.Option("--team", help="The team to leave, where there are several.")] = None,
    names: options.EnrolledOption = None,
    config: options.ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be undone, and change nothing.")] = False,
) -> None:
    """Undo enroll: restore the settings, remove certificates and key.

    \b
    certkit unenroll --dry-run
    certkit unenroll
    certkit unenroll --team acme --for earthly

    The configuration gets its very bytes back if nobody has edited it since; otherwise the five settings become what
    they were, and everything else stays. The key goes last, once nothing names it, and does not come back.
    Where nobody is enrolled, the keys go of requests that wait for an answer.
    Exit codes: 0 undone, 1 failure or not enrolled, 2 usage.
    """
    actions.unenroll.unenroll(names or (), team, config, dry_run=dry_run)
