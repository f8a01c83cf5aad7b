"""`certkit probe`, and how its report looks on a terminal."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from certkit.cli.support import completions, context, numbers, targets
from certkit.cli.support.output import say, say_json
from certkit.cli.support.probe_report import as_data, show
from certkit.errors import MissingError

if TYPE_CHECKING:
    from certkit.probe import Pair

FileOption = Path | None


def probe(
    daemon: Annotated[str | None, typer.Option(help="The daemon's URL, instead of the configured one.")] = None,
    ca: Annotated[FileOption, typer.Option(help="The authority that vouches for the daemon.")] = None,
    cert: Annotated[FileOption, typer.Option(help="The client's certificate.")] = None,
    key: Annotated[FileOption, typer.Option(help="Its key.")] = None,
    server_name: Annotated[str | None, typer.Option(help="The name the daemon's certificate must bear.")] = None,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="<seconds>",
            parser=numbers.seconds(0.1, 60),
            help="Seconds for each step over the network, 60 at most.",
        ),
    ] = 5.0,
    client: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="For which client: earthly, earthbuild, buildctl or buildx.",
            autocompletion=completions.clients,
        ),
    ] = None,
    config: context.ConfigOption = None,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Check that the daemon serves this laptop and no stranger.

    It reads the configuration as Earthly or EarthBuild reads it: file, environment, defaults; where neither is
    enrolled, the files for buildctl and buildx. What is given here is used instead. It tells in a second what
    Earthly waits 60 seconds for and does not say.
    Where the team's own folder is, it also sees whether the daemon holds the newest anchors.

    \b
    certkit probe
    certkit probe --for earthbuild --json
    certkit probe --daemon tcp://build.acme.example:8372 --ca ca.pem --cert cert.pem --key key.pem

    Exit codes: 0 all is well, 1 failure, 2 usage, 3 findings.
    """
    from certkit.probe import Given, run

    target = targets.chosen(Given(daemon, ca, cert, key, server_name), client, config)
    if not as_json:
        say(targets.heading(target))
    canary, listed = _knowledge(home, target.url)
    target = replace(target, listed=listed)
    report = run(target, os.environ, context.now(), timeout=timeout, canary=canary)
    if as_json:
        say_json(as_data(report))
    else:
        show(report)
    if not report.ok:
        raise typer.Exit(3)


def _knowledge(option: Path | None, url: str) -> "tuple[Pair | None, tuple[bytes, ...] | None]":
    """Return what the lead's side adds: where the home is, and one of its daemons has this URL."""
    try:
        settings = context.home_path(option) / "team.yml"
    except MissingError:  # a user without a home folder, as in some containers
        return None, None
    if not os.access(settings, os.R_OK):
        return None, None
    from certkit.authority.daemon_check import knowledge_of

    with context.reading(option) as view:
        return knowledge_of(view, url)
