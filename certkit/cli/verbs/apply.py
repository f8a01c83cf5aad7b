"""`certkit apply`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import File, offered
from certkit.cli.support import exit_codes, options


@offered("apply", lambda options: not options.get("plan"), file=File.READ, out=File.FILLED)
def apply(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The roster, in YAML; - reads standard input.", show_default=False)
    ],
    plan: Annotated[bool, typer.Option("--plan", help="Show the difference, and change nothing.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Revoke the people and devices, and remove the daemons, that it lacks.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder for the codes or bundles of whoever is new.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Make the team be as a roster says: a file with its people and daemons.

    \b
    certkit apply roster.yml --plan
    certkit apply roster.yml --out new
    certkit apply roster.yml --prune --out new

    \b
    team: acme
    policy: {device_days: 90}
    daemons:
      build: {url: "tcp://build.acme.example:8372", san: [10.0.0.5]}
    people:
      alice@acme.example:              # any device of hers
      ci: [github, nightly]
    leads: [alice@acme.example]

    What is in the team and not in the file is left alone, and said; so is a part that the file does not have. Whoever
    is new gets a code if the team has a server, else a bundle. The same command again goes on after an interruption.
    Exit codes: 0 done, or nothing to do; 1 failure; 2 usage; 3 with --plan, something would change.
    """
    wanted = actions.apply.Options(file, prune, out, yes, as_json)
    if not plan:
        actions.apply.apply(home, wanted)
    elif actions.apply.plan(home, wanted):
        raise typer.Exit(exit_codes.FINDINGS)
