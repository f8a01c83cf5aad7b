"""What `certkit invite` does."""

import shlex
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from certkit.authority import invitations
from certkit.authority.invitations import CodeState
from certkit.cli.support import home_access, wording
from certkit.cli.support.invitation_data import invitation_data
from certkit.cli.support.output import say, say_json, say_table, showing_once


@dataclass(frozen=True)
class Choices:
    """What `certkit invite` was told beside the person; see the verb's options."""

    device: str | None
    ttl: timedelta
    uses: int
    client: str | None


def invite(home: Path | None, person: str, choices: Choices, *, as_json: bool) -> None:
    """Make a code and show it, once."""
    with home_access.changing(home) as session:
        made = invitations.invite(
            session, person, choices.device, life=choices.ttl, uses=choices.uses, client=choices.client
        )
        cancelling = home_access.command(session, f"invite cancel {made.state.id}")
    lost = f"{made.state.person} is invited, but the code"
    with showing_once(lost, None, "code-not-shown", person=made.state.person, id=made.state.id):
        if as_json:
            say_json(invitation_data(made))
            return
        line = f"certkit enroll {shlex.quote(made.code.text)}"
        say(f"Invited {_in_words(made.state)}", "", "Send them this line, by a way that nobody else reads", f"  {line}")
        say("or, where certkit is not installed", f"  uvx {line}")
        say("", f"Until it is used it can be cancelled: {cancelling}")


def list_codes(home: Path | None, *, as_json: bool) -> None:
    """List the codes of late, none of which can be shown again."""
    with home_access.reading(home) as view:
        found = invitations.listed(view)
    if as_json:
        say_json({"codes": found})
    elif not found:
        say("No codes. Make one: certkit invite alice@acme.example")
    else:
        titles = ("code", "person", "device", "state", "used", "expires (UTC)")
        say_table(titles, [_row(each) for each in found])


def cancel(home: Path | None, which: str, *, as_json: bool) -> None:
    """Cancel one code, or all open codes of a person."""
    with home_access.changing(home) as session:
        found = invitations.cancel(session, which)
    if as_json:
        say_json({"codes": found})
        return
    for each in found:
        say(f"Cancelled the code {each.id} of {each.person}")


def _in_words(state: CodeState) -> str:
    who = f"{state.person}, device {state.device}" if state.device else state.person
    times = "once" if state.uses == 1 else f"{state.uses} times"
    return f"{who}; the code is good {times}, until {state.expires:%Y-%m-%d %H:%M} UTC"


def _row(state: CodeState) -> tuple[object, ...]:
    used = f"{state.used} of {state.uses}"
    return state.id, state.person, state.device, wording.of(state.state), used, f"{state.expires:%Y-%m-%d %H:%M}"
