"""What `certkit lead …` does."""

import shlex
import tempfile
from pathlib import Path

import typer

from certkit import files
from certkit.authority import leads, lookup, proposals, server_identity
from certkit.authority.leads import LeadState
from certkit.authority.proposals import ProposalState
from certkit.cli.remote import execution, received
from certkit.cli.remote.offer import offers, words
from certkit.cli.support import behalf, home_access
from certkit.cli.support.output import say, say_json, say_table, tell
from certkit.cli.support.questions import can_ask, confirmed
from certkit.errors import InvalidError, RefusedError
from certkit.ledger.interface import Proposal


def add(home: Path | None, name: str, *, as_json: bool) -> None:
    """Make somebody a lead."""
    with home_access.changing(home) as session:
        changed = leads.add(session, name)
        person = lookup.find_person(session, name).name
        has_server = server_identity.is_known(session)
    if as_json:
        say_json({"person": person, "lead": True, "changed": changed})
        return
    say(f"{person} is a lead now." if changed else f"{person} is a lead already; nothing changed.")
    if changed:
        say("On their laptop, for example:  certkit status")
    if not has_server:
        tell("The team has no server yet, and without one they can do nothing: certkit serve --url https://HOST:PORT")


def remove(home: Path | None, name: str, *, as_json: bool) -> None:
    """Make somebody a lead no more."""
    with home_access.changing(home) as session:
        changed = leads.remove(session, name)
        person = lookup.find_person(session, name).name
    if as_json:
        say_json({"person": person, "lead": False, "changed": changed})
    else:
        say(f"{person} is a lead no more." if changed else f"{person} is no lead; nothing changed.")


def list_leads(home: Path | None, *, as_json: bool) -> None:
    """List the leads."""
    with home_access.reading(home) as view:
        found = leads.states(view)
    if as_json:
        say_json({"leads": found})
    else:
        say_table(("lead", "since", "acts"), [(each.name, each.since.date(), _acts(each)) for each in found])


def list_proposals(home: Path | None, *, as_json: bool) -> None:
    """List what waits for more leads to want it."""
    with home_access.reading(home) as view:
        found = [(view.ledger.proposal(each.id), each) for each in proposals.states(view)]
    if as_json:
        say_json({"proposals": [_as_data(each, state) for each, state in found if each]})
    elif not found:
        say("Nothing is proposed.")
    else:
        titles = ("proposal", "by", "until (UTC)", "wanted", "command")
        say_table(titles, [_row(each, state) for each, state in found if each])


def withdraw(home: Path | None, which: str, *, as_json: bool) -> None:
    """Let a proposal never be carried out."""
    with home_access.changing(home) as session:
        found = proposals.withdraw(session, which)
    if as_json:
        say_json({"id": found.id, "withdrawn": True})
    else:
        say(f"Withdrew the proposal {found.id}.")


def agree(home: Path | None, which: str, out: Path | None, *, yes: bool) -> None:
    """Agree to a proposal; carry it out with the last who must, and put what it makes into a folder."""
    elsewhere = behalf.current()
    if elsewhere is None:
        raise InvalidError(
            "leads agree from their laptops, as whom their certificates tell",
            "Here, at the home, run the command itself.",
            code="proposal-at-home",
        )
    with home_access.reading_first(home) as view:
        found = proposals.find(view, which)
    if out is None and execution.makes_files(offers()[found.command], found.call["options"]):
        raise InvalidError(
            "it makes files, and there is no folder for them", "Name one: --out FOLDER", code="out-missing"
        )
    _confirm(found, yes=yes)
    with home_access.changing(home) as session:
        found = proposals.agree(session, elsewhere.actor.name, which)
    if found.ended is None:
        say(f"Agreed; {found.needed - len(found.agreed)} more must.")
        return
    elsewhere.act_alone(f"{found.person}, agreed by {', '.join(found.agreed[1:])}")
    with tempfile.TemporaryDirectory(prefix="certkit-") as folder:
        ended = execution.run(received.read(offers()[found.command], found.call), Path(folder))
    if out and ended["files"]:
        files.make_private_directory(out)
        files.write_all({out / each["name"]: execution.content(each) for each in ended["files"]})
    tell(*ended["messages"].splitlines())
    say(*ended["output"].splitlines())
    if ended["code"]:
        raise typer.Exit(ended["code"])


def _confirm(found: Proposal, *, yes: bool) -> None:
    line = f"{found.person} proposes: {_command(found)}"
    if yes:
        return
    if not can_ask():
        raise InvalidError(f"{line}. There is nobody to ask", "Add --yes.", code="proposal-unasked")
    tell(line)
    if not confirmed("Agree?"):
        raise RefusedError("it is not agreed to", "Nothing was changed.", code="proposal-not-confirmed")


def _command(found: Proposal) -> str:
    offer = offers()[found.command]
    line = words(offer, found.call["options"])
    line.remove("--")
    return shlex.join(["certkit", *found.command.split(), *line])


def _as_data(found: Proposal, state: ProposalState) -> dict[str, object]:
    return {
        "id": state.id,
        "command": _command(found),
        "person": state.person,
        "created": state.created,
        "expires": state.expires,
        "needed": state.needed,
        "agreed": state.agreed,
    }


def _row(found: Proposal, state: ProposalState) -> tuple[object, ...]:
    wanted = f"{len(state.agreed)} of {state.needed}"
    return state.id, state.person, f"{state.expires:%Y-%m-%d %H:%M}", wanted, _command(found)


def _acts(state: LeadState) -> str:
    if state.at_home:
        return "at the home: made the team"
    if state.revoked:
        return "not at all: revoked"
    return {0: "not yet: enrolled nowhere", 1: "from 1 device"}.get(state.devices, f"from {state.devices} devices")
