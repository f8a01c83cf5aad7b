"""`certkit daemon …`: the daemons of a team and what their hosts need."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import completions, exit_codes, numbers, options
from certkit.cli.support.exit_codes import FailOn
from certkit.errors import InvalidError

app = typer.Typer(help="The team's daemons: add, renew, list, deploy, check, remove.", no_args_is_help=True)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The daemon's name.", autocompletion=completions.daemons)
]
SanOption = Annotated[
    list[str] | None, typer.Option("--san", help="Another host name or address of the daemon; repeatable.")
]


@app.command()
def add(
    name: NameArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="Its URL as laptops will reach it.")],
    san: SanOption = None,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Add a daemon and give it a certificate.

    \b
    certkit daemon add arm tcp://arm.acme.example:8372 --san 10.0.0.9

    Exit codes: 0 added, 1 failure, 2 usage.
    """
    actions.daemon.add(home, name, url, san or (), as_json=as_json)


@app.command()
def renew(
    name: NameArgument,
    san: SanOption = None,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Issue a new certificate, with more host names if needed.

    \b
    certkit daemon renew build
    certkit daemon renew build --san build2.acme.example

    The former certificate stays valid until it expires. Exit codes: 0 renewed, 1 failure, 2 usage.
    """
    actions.daemon.renew(home, name, san or (), as_json=as_json)


@app.command("list")
def list_daemons(home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """List the daemons, when they expire and what needs attention.

    \b
    certkit daemon list
    certkit daemon list --json

    Exit codes: 0 listed, 1 failure, 2 usage.
    """
    actions.daemon.list_daemons(home, as_json=as_json)


@app.command()
def deploy(
    name: NameArgument,
    kind: Annotated[
        str,
        typer.Option(
            "--as",
            help="docker, compose, podman, systemd, kubernetes, haproxy, buildkitd or flags.",
            autocompletion=completions.deployments,
        ),
    ] = "docker",
    flavour: Annotated[
        str,
        typer.Option("--flavour", help="earthly, earthbuild or buildkit.", autocompletion=completions.flavours),
    ] = "earthly",
    certs: Annotated[
        str, typer.Option("--certs", help="The folder with the three files on the daemon's host.")
    ] = options.CERTS,
    home: options.HomeOption = None,
) -> None:
    """Print what the daemon's host needs, to paste or save there.

    \b
    certkit daemon deploy build > run-buildkitd.sh
    certkit daemon deploy build --as compose --flavour earthbuild > compose.yaml

    It holds no key. Exit codes: 0 printed, 1 failure, 2 usage.
    """
    actions.daemon.deploy(home, name, kind, flavour, certs)


@app.command()
def remove(name: NameArgument, home: options.HomeOption = None) -> None:
    """Remove a daemon: its certificate and key go from the home.

    \b
    certkit daemon remove arm

    New bundles do not name it. Whoever has its files can pose as it until its certificate expires.
    Exit codes: 0 removed, 1 failure, 2 usage.
    """
    actions.daemon.remove(home, name)


@app.command()
def check(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="The daemon's name.", autocompletion=completions.daemons),
    ] = None,
    all_daemons: Annotated[bool, typer.Option("--all", help="Check every daemon, one after the other.")] = False,
    wait: Annotated[
        float,
        typer.Option(
            "--wait", metavar="<seconds>", parser=numbers.seconds(0), help="Keep trying for this many seconds."
        ),
    ] = 0.0,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="<seconds>",
            parser=numbers.seconds(0.1),
            help="Seconds for each step over the network.",
        ),
    ] = 5.0,
    fail_on: options.FailOnOption = FailOn.ERROR,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Prove that a daemon serves the newest files.

    At every address of its name it refuses strangers, trusts the team's authorities and no other, serves its newest
    certificate, and refuses the canary, a certificate that is good for nothing but this.

    \b
    certkit daemon check build
    certkit daemon check build --wait 60        # after the restart that you have just asked for
    certkit daemon check --all --fail-on warning

    A check that fails takes back what was proven before. Several daemons behind one address cannot be told apart.
    Where waiting cannot help, as for a name that has no address, it does not wait. A certificate that ends within 30
    days is a warning (!).

    Exit codes: 0 proven, 1 failure, 2 usage, 3 not proven: it holds former files, or it is unclear (--fail-on warning:
    or a certificate ends soon).
    """
    if bool(name) is all_daemons:
        raise InvalidError(
            "--all checks every daemon, and one is named, too" if name else "no daemon is named",
            "certkit daemon check NAME, or for every daemon: certkit daemon check --all",
            code="daemon-or-all",
        )
    proven, is_due = actions.daemon.check(home, name, wait, timeout, as_json=as_json)
    if not proven or (is_due and fail_on is FailOn.WARNING):
        raise typer.Exit(exit_codes.FINDINGS)
