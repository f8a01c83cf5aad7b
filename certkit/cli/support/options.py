"""Options that several verbs have, and the values that stand in for those that are not given."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli.support import completions
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
EnrolledOption = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        help="earthly, earthbuild, buildctl or buildx; repeatable. By default, all that are enrolled.",
        autocompletion=completions.clients,
    ),
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
AsOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        help="docker, compose, podman, systemd, kubernetes, haproxy, buildkitd or flags; at first docker.",
        autocompletion=completions.deployments,
    ),
]
FlavourOption = Annotated[
    str | None,
    typer.Option(
        "--flavour",
        help="earthly, earthbuild or buildkit; at first earthly, and buildkit for systemd, flags and buildkitd.",
        autocompletion=completions.flavours,
    ),
]
CertsOption = Annotated[
    str | None,
    typer.Option("--certs", help="The folder with the three files on the daemon's host; at first /etc/buildkit-certs."),
]
ServiceOption = Annotated[
    str | None,
    typer.Option("--service", help="What its container, unit or namespace is called; by default after the daemon."),
]
SshOption = Annotated[
    str | None,
    typer.Option(
        "--ssh", metavar="USER@HOST", help="How its host is reached; by default as root at the daemon's first name."
    ),
]
