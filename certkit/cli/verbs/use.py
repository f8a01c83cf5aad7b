"""`certkit use`."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import options


def use(
    daemon: Annotated[
        str | None, typer.Argument(metavar="[DAEMON]", help="The daemon to build on from now on.")
    ] = None,
    names: options.EnrolledOption = None,
    config: options.ConfigOption = None,
    team: Annotated[str | None, typer.Option("--team", help="The team, where there are several.")] = None,
    dry_run: options.DryRunOption = False,
    as_json: options.JsonOption = False,
) -> None:
    """Switch to another of the team's daemons, or list them.

    \b
    certkit use             # which there are, and which is in use
    certkit use arm

    The daemons are those that your bundle named; one that was added since comes with the next bundle. buildkit_host in
    the client's configuration changes, and nothing else. A renewal keeps your choice.
    Exit codes: 0 switched or listed, 1 failure or not enrolled, 2 usage.
    """
    actions.use.use(daemon, actions.use.Choices(names or (), config, team, dry_run=dry_run, as_json=as_json))
