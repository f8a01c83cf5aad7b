"""`certkit lead …`: who else may do what a lead does, and what several of them must want."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import File, offered
from certkit.cli.support import completions, options

app = typer.Typer(help="The leads: who acts from a laptop, and what they agree on.", no_args_is_help=True)

PersonArgument = Annotated[str, typer.Argument(metavar="PERSON", help="The person.", autocompletion=completions.people)]
ProposalArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The proposal, as certkit lead proposals names it.")
]


@app.command()
@offered("lead add")
def add(person: PersonArgument, home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """Let a person do from a laptop what is done at the home.

    \b
    certkit lead add alice@acme.example

    They are known by the certificates of their devices, so whoever has one of those laptops is that lead; the server
    must be running: certkit serve. The log names who did what. Exit codes: 0 added, 1 failure, 2 usage.
    """
    actions.lead.add(home, person, as_json=as_json)


@app.command("list")
@offered("lead list", changes=False)
def list_leads(home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """List the leads: who made the team, and who else is one.

    \b
    certkit lead list

    Exit codes: 0 listed, 1 failure, 2 usage.
    """
    actions.lead.list_leads(home, as_json=as_json)


@app.command()
@offered("lead remove")
def remove(person: PersonArgument, home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """Let a person do no more than build, from this moment on.

    \b
    certkit lead remove alice@acme.example

    Whoever is revoked is out in any case. Exit codes: 0 removed, 1 failure, 2 usage.
    """
    actions.lead.remove(home, person, as_json=as_json)


@app.command()
@offered("lead proposals", changes=False)
def proposals(home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """List what leads have proposed, and how many more must agree.

    \b
    certkit lead proposals

    For which commands that is so, and how many leads must want them, says team.yml: approvals: {rotate: 2}.
    Exit codes: 0 listed, 1 failure, 2 usage.
    """
    actions.lead.list_proposals(home, as_json=as_json)


@app.command()
@offered("lead agree", changes=False, out=File.FILLED)
def agree(
    proposal: ProposalArgument,
    out: Annotated[Path | None, typer.Option("--out", help="The folder for what it makes, if it makes files.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    home: options.HomeOption = None,
) -> None:
    """Agree to what another lead proposes.

    \b
    certkit lead agree 5e0c71a9

    It is shown first, and carried out with the last who must agree. A proposal waits for a day.
    Exit codes: 0 agreed, or as the command that it is; 1 failure; 2 usage.
    """
    actions.lead.agree(home, proposal, out, yes=yes)


@app.command()
@offered("lead withdraw", changes=False)
def withdraw(proposal: ProposalArgument, home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """Let nobody carry a proposal out any more, whoever has made it.

    \b
    certkit lead withdraw 5e0c71a9

    Exit codes: 0 withdrawn, 1 failure, 2 usage.
    """
    actions.lead.withdraw(home, proposal, as_json=as_json)
