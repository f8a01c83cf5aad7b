"""`certkit daemon …`: the daemons of a team and what their hosts need."""

from typing import Annotated

import typer

from certkit.cli.support import completions, context, numbers, wording
from certkit.cli.support.deployment_steps import CERTS, say_deployment, say_handover, site
from certkit.cli.support.output import say, say_json, say_table

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
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Add a daemon and give it a certificate.

    \b
    certkit daemon add arm tcp://arm.acme.example:8372 --san 10.0.0.9

    Exit codes: 0 added, 1 failure, 2 usage.
    """
    from certkit.authority import daemons
    from certkit.earthly.address import parse_shared

    address = parse_shared(url)
    with context.changing(home) as session:
        daemon = daemons.add(session, name, address, san or ())
        if as_json:
            return say_json(daemons.state(session, daemon))
        say(f"Added the daemon {name} at {daemon.url}, for {', '.join(daemon.hosts)}", "", "Next")
        say_deployment(session, daemon)
    return None


@app.command()
def renew(
    name: NameArgument,
    san: SanOption = None,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Issue a new certificate, with more host names if need be.

    \b
    certkit daemon renew build
    certkit daemon renew build --san build2.acme.example

    The former certificate stays valid until it expires. Exit codes: 0 renewed, 1 failure, 2 usage.
    """
    from certkit.authority import daemons

    with context.changing(home) as session:
        state = daemons.state(session, daemons.renew(session, name, san or ()))
        if as_json:
            return say_json(state)
        expires = f", expires {state.expires.date()}" if state.expires else ""
        say(f"Renewed the daemon {name}, for {', '.join(state.hosts)}{expires}")
        say_handover(session)
    return None


@app.command("list")
def list_daemons(home: context.HomeOption = None, as_json: context.JsonOption = False) -> None:
    """List the daemons, their ends, and what is not proven yet.

    \b
    certkit daemon list
    certkit daemon list --json

    Exit codes: 0 listed, 1 failure, 2 usage.
    """
    from certkit.authority import daemons

    with context.reading(home) as view:
        found = daemons.states(view)
    if as_json:
        return say_json({"daemons": found})
    rows = [
        (e.name, e.url, ", ".join(e.hosts), e.expires and e.expires.date(), e.behind and wording.of(e.behind))
        for e in found
    ]
    return say_table(("daemon", "URL", "names", "expires", "attention"), rows)


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
    ] = CERTS,
    home: context.HomeOption = None,
) -> None:
    """Print what the daemon's host needs, to paste or to save there.

    \b
    certkit daemon deploy build > run-buildkitd.sh
    certkit daemon deploy build --as compose --flavour earthbuild > compose.yaml

    It holds no key. Exit codes: 0 printed, 1 failure, 2 usage.
    """
    from certkit import deploy as deployment
    from certkit.authority import daemons

    with context.reading(home) as view:
        daemon = daemons.find(view, name)
    typer.echo(deployment.render(kind, site(daemon, flavour, certs)), nl=False)


@app.command()
def remove(name: NameArgument, home: context.HomeOption = None) -> None:
    """Remove a daemon: its certificate and key go from the home.

    \b
    certkit daemon remove arm

    New bundles do not name it. Whoever has its files can pose as it until its certificate expires.
    Exit codes: 0 removed, 1 failure, 2 usage.
    """
    from certkit.authority import daemons

    with context.changing(home) as session:
        daemons.remove(session, name)
    say(f"Removed the daemon {name}. Destroy its files on its host.")


@app.command()
def check(
    name: NameArgument,
    wait: Annotated[
        float,
        typer.Option(
            "--wait", metavar="<seconds>", parser=numbers.seconds(0), help="Keep looking for so many seconds."
        ),
    ] = 0.0,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="<seconds>", parser=numbers.seconds(0.1), help="Seconds for one look.")
    ] = 5.0,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Prove that a daemon serves the newest files.

    At every address of its name it refuses strangers, trusts the team's authorities and no other, serves its newest
    certificate, and refuses the canary, a certificate that is good for nothing but this.

    \b
    certkit daemon check build
    certkit daemon check build --wait 60        # after the restart that you have just asked for

    A check that fails takes back what was proven before. Several daemons behind one address cannot be told apart.

    Exit codes: 0 proven, 1 failure, 2 usage, 3 it holds former files, or could not be told.
    """
    from certkit.authority import daemons
    from certkit.authority.daemon_check import check, check_until
    from certkit.authority.daemon_verdict import CheckResult, Verdict
    from certkit.cli.support import daemon_check_report as report

    def look() -> CheckResult:
        with context.changing(home) as session:
            return check(session, daemons.find(session, name), timeout)

    result = check_until(look, wait)
    with context.reading(home) as view:
        state = daemons.state(view, daemons.find(view, name))
    if as_json:
        say_json({**report.as_data(result), "daemon": state})
    elif result.verdict is Verdict.PROVEN:
        say(f"{name} holds its newest files: {report.said(result)}.")
    else:
        why = report.said(result)
        say(f"{name} is not proven to hold its newest files: {why}.", f"Remedy: {report.remedy(result)}")
    if result.verdict is not Verdict.PROVEN:
        raise typer.Exit(3)
