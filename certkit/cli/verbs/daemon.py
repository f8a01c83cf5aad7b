"""`certkit daemon …`: the daemons of a team and what their hosts need."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import offered
from certkit.cli.support import completions, exit_codes, numbers, options
from certkit.cli.support.exit_codes import FailOn
from certkit.errors import InvalidError

app = typer.Typer(help="The team's daemons: add, move, renew, list, deploy, check, remove, …", no_args_is_help=True)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The daemon's name.", autocompletion=completions.daemons)
]
SanOption = Annotated[
    list[str] | None, typer.Option("--san", help="Another host name or address of the daemon; repeatable.")
]


@app.command()
@offered("daemon add")
def add(
    name: NameArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="Its URL as laptops will reach it.")],
    san: SanOption = None,
    kind: options.AsOption = None,
    flavour: options.FlavourOption = None,
    certs: options.CertsOption = None,
    service: options.ServiceOption = None,
    ssh: options.SshOption = None,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Add a daemon and give it a certificate.

    \b
    certkit daemon add arm tcp://arm.acme.example:8372 --san 10.0.0.9
    certkit daemon add arm tcp://arm.acme.example:1234 --as systemd --flavour buildkit --ssh admin@10.0.0.9

    How it runs is remembered, and every later step that certkit prints fits it; certkit daemon deploy changes it.
    Exit codes: 0 added, 1 failure, 2 usage.
    """
    said = actions.daemon.Said(kind, flavour, certs, service, ssh)
    actions.daemon.add(home, name, url, san or (), said, as_json=as_json)


@app.command()
@offered("daemon renew")
def renew(
    name: NameArgument,
    san: SanOption = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="A name or address that it is called no more; repeatable.")
    ] = None,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Issue a new certificate, with more host names if needed.

    \b
    certkit daemon renew build
    certkit daemon renew build --san build2.acme.example
    certkit daemon renew build --without old.acme.example

    All names stay in it, those from before a move included, but for what is given up by --without. That is refused
    while a laptop has a URL with the name. The former certificate stays valid until it expires.

    Exit codes: 0 renewed, 1 failure, 2 usage.
    """
    actions.daemon.renew(home, name, san or (), without or (), as_json=as_json)


@app.command()
@offered("daemon move")
def move(
    name: NameArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="Its new URL as laptops will reach it.")],
    san: SanOption = None,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Give a daemon another address, and say who must enroll again.

    \b
    certkit daemon move build tcp://build2.acme.example:8372

    Its new certificate has the former names and the new one, so laptops go on working as long as the former address
    leads to it; new bundles have the new URL. The same command again says who still has a former one. Renewals keep
    the former names: certkit daemon renew --without gives one up, once no laptop has it.
    Exit codes: 0 moved, 1 failure, 2 usage.
    """
    actions.daemon.move(home, name, url, san or (), as_json=as_json)


@app.command("list")
@offered("daemon list", changes=False)
def list_daemons(home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """List the daemons, when they expire and what needs attention.

    \b
    certkit daemon list
    certkit daemon list --json

    Exit codes: 0 listed, 1 failure, 2 usage.
    """
    actions.daemon.list_daemons(home, as_json=as_json)


@app.command()
@offered("daemon default")
def default(name: NameArgument, home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """Choose the daemon that laptops use by default.

    \b
    certkit daemon default arm

    At first it is the one that was added first. New bundles name all daemons, this one before the others. Whoever is
    enrolled stays where they are, also when they renew; they switch with certkit use.
    Exit codes: 0 chosen, 1 failure, 2 usage.
    """
    actions.daemon.make_default(home, name, as_json=as_json)


@app.command()
@offered("daemon deploy", changes=False)
def deploy(
    name: NameArgument,
    kind: options.AsOption = None,
    flavour: options.FlavourOption = None,
    certs: options.CertsOption = None,
    service: options.ServiceOption = None,
    ssh: options.SshOption = None,
    home: options.HomeOption = None,
) -> None:
    """Print what the daemon's host needs, to paste or save there.

    \b
    certkit daemon deploy build > run-buildkitd.sh
    certkit daemon deploy build --as compose --flavour earthbuild > compose.yaml

    It holds no key, and begins with how to start the daemon, and what a restart does to builds. What the options say is
    remembered: the next steps that certkit prints, after revoke for one, fit it. Exit codes: 0 printed, 1 failure,
    2 usage.
    """
    actions.daemon.deploy(home, name, actions.daemon.Said(kind, flavour, certs, service, ssh))


@app.command()
def sync(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="The daemon, where this machine is the host of several."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when the newest files are proven, or cannot be.")] = False,
    interval: Annotated[
        float,
        typer.Option(
            "--interval",
            metavar="<seconds>",
            parser=numbers.seconds(1),
            help="How long one question to the server waits for news.",
        ),
    ] = 60.0,
    restart_command: Annotated[
        str | None,
        typer.Option(
            "--restart-command", metavar="<command>", help="What makes the daemon read new files, for the shell."
        ),
    ] = None,
    deadline: Annotated[
        float,
        typer.Option(
            "--deadline",
            metavar="<seconds>",
            parser=numbers.seconds(0),
            help="How long running builds may hold the restart up.",
        ),
    ] = 1800.0,
    as_json: options.JsonOption = False,
) -> None:
    """On a daemon's host: fetch its files, and have them read.

    \b
    certkit daemon sync --once --restart-command 'docker restart buildkitd-build'
    certkit daemon sync --restart-command 'systemctl reload haproxy'

    First make the machine the host: certkit invite --daemon NAME on the lead's side, certkit enroll CODE here. The
    daemon's key is made here, and never leaves this machine. The server is asked without a pause, and a revocation is
    here within a second. The daemon is restarted while nobody builds, or when builds have held that up for too long;
    after that it must prove that it holds the newest files, and the server is told. Without a restart command only
    the files are replaced.

    Exit codes: 0 proven, 1 failure, 2 usage, 3 the files are there, and the daemon is not proven to hold them.
    """
    plan = actions.sync.Plan(restart_command, deadline)
    code = actions.sync.sync(name, plan, None if once else interval, as_json=as_json)
    if code:
        raise typer.Exit(code)


@app.command()
@offered("daemon remove", lambda options: not options.get("dry_run"))
def remove(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: options.DryRunOption = False,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Remove a daemon: its certificate and key go from the home.

    \b
    certkit daemon remove arm --dry-run
    certkit daemon remove arm
    certkit daemon remove arm --yes         # where nobody can be asked

    New bundles do not name it. Whoever has its files can pose as it until its certificate expires.
    Exit codes: 0 removed, 1 failure or not wanted, 2 usage, or nobody to ask and no --yes.
    """
    actions.daemon.remove(home, name, yes=yes, dry_run=dry_run, as_json=as_json)


@app.command()
@offered("daemon check", changes=False)
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
    certkit daemon check build --wait 60        # after a restart
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
