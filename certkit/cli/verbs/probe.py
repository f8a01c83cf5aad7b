"""`certkit probe`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import completions, exit_codes, numbers, options
from certkit.cli.support.exit_codes import FailOn
from certkit.probe import Given

Daemon = Annotated[str | None, typer.Option("--daemon", help="The daemon's URL, instead of the configured one.")]
Ca = Annotated[Path | None, typer.Option("--ca", help="The authority that vouches for the daemon.")]
Cert = Annotated[Path | None, typer.Option("--cert", help="The client's certificate.")]
Key = Annotated[Path | None, typer.Option("--key", help="Its key.")]
ServerName = Annotated[
    str | None, typer.Option("--server-name", help="The name that the daemon's certificate must have.")
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="<seconds>",
        parser=numbers.seconds(0.1, 60),
        help="Seconds for each step over the network, 60 at most.",
    ),
]
For = Annotated[
    str | None,
    typer.Option(
        "--for",
        help="Probe as this client: earthly, earthbuild, buildctl or buildx.",
        autocompletion=completions.clients,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print only what is wrong: for cron, or a shell's rc file.")]


def probe(
    daemon: Daemon = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    server_name: ServerName = None,
    timeout: Timeout = 5.0,
    client: For = None,
    config: options.ConfigOption = None,
    quiet: Quiet = False,
    fail_on: options.FailOnOption = FailOn.ERROR,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Check that the daemon serves this laptop and no stranger.

    It reads the configuration as Earthly or EarthBuild reads it: file, environment, defaults; where neither is
    enrolled, the files for buildctl and buildx. What is given here is used instead. In a second it says
    what is wrong and what to do, where Earthly waits 60 seconds.
    Where the team's own folder is, it also sees whether the daemon holds the newest anchors.

    \b
    certkit probe
    certkit probe --for earthbuild --json
    certkit probe --quiet --fail-on warning
    certkit probe --daemon tcp://build.acme.example:8372 --ca ca.pem --cert cert.pem --key key.pem

    With a warning (!) builds go on: a certificate that ends soon, a key that others can read.
    Exit codes: 0 builds go on, 1 failure, 2 usage, 3 findings that stop a build (--fail-on warning: any).
    """
    given = Given(daemon, ca, cert, key, server_name)
    form = actions.probe.Form(as_json=as_json, quiet=quiet)
    report = actions.probe.probe(given, client, config, home, timeout, form)
    if not report.ok or (fail_on is FailOn.WARNING and report.warnings):
        raise typer.Exit(exit_codes.FINDINGS)
