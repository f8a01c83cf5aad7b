"""Options that several verbs have, and the values that stand in for those that are not given."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli.support.exit_codes import FailOn

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", envvar="CERTKIT_HOME", help="The team's folder; by default in the platform's application folder."
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The client's configuration, instead of its own file.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")]
FailOnOption = Annotated[FailOn, typer.Option("--fail-on", help="What ends with 3: error, or warning for either.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
NewDeviceOption = Annotated[
    str | None, typer.Option("--device", help="Which of their machines; by default a name is made up.")
]
LifeOption = Annotated[
    int | None,
    typer.Option("--life", min=1, metavar="DAYS", help="How long it lives, if less than the team's certificates do."),
]

CERTS = "/etc/buildkit-certs"
"""The folder of the three files on a daemon's host, unless another is chosen."""
