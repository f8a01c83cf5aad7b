"""What `certkit invite` does."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from certkit.authority import host_codes, invitations, server_identity
from certkit.authority.invitations import CodeState
from certkit.cli.support import home_access, namesakes, qr_code, wording
from certkit.cli.support.code_report import as_data, forwarded, say_drawn
from certkit.cli.support.output import say, say_json, say_table, showing_once, tell


@dataclass(frozen=True)
class Choices:
    """What `certkit invite` was told beside the person; see the verb's options."""

    device: str | None
    ttl: timedelta
    uses: int
    client: str | None
    qr: bool


def invite(home: Path | None, person: str, choices: Choices, *, as_json: bool) -> None:
    """Make a code and show it, once."""
    if choices.qr:
        qr_code.check()
    with home_access.changing(home) as session:
        server_identity.address(session)  # without a server nobody is asked anything
        doubt = namesakes.settle(session, person, choices.device, "made", can_answer=not as_json)
        made = invitations.invite(
            session, person, choices.device, life=choices.ttl, uses=choices.uses, client=choices.client
        )
        tell(*doubt)
        cancelling = home_access.command(session, f"invite cancel {made.state.id}")
    lost = f"{made.state.person} is invited, but the code"
    with showing_once(lost, None, "code-not-shown", person=made.state.person, id=made.state.id):
        if as_json:
            say_json(as_data(made))
            return
        line, with_uvx = forwarded(made)
        say(f"Invited {_in_words(made.state)}", "", "Send them this line, by a way that nobody else reads", f"  {line}")
        say("or, where certkit is not installed", f"  {with_uvx}")
        if choices.qr:
            say_drawn(made)
        say("", f"Until it is used it can be cancelled: {cancelling}")


def invite_host(home: Path | None, daemon: str, ttl: timedelta, *, qr: bool, as_json: bool) -> None:
    """Make a code for the host of a daemon and show it, once."""
    if qr:
        qr_code.check()
    with home_access.changing(home) as session:
        made = host_codes.invite(session, daemon, life=ttl)
        cancelling = home_access.command(session, f"invite cancel {made.state.id}")
    lost = f"the host of {daemon} is invited, but the code"
    with showing_once(lost, None, "code-not-shown", person=daemon, id=made.state.id):
        if as_json:
            say_json(as_data(made))
            return
        until = f"{made.state.expires:%Y-%m-%d %H:%M} UTC"
        say(f"Invited the host of {daemon}; the code is good once, until {until}", "", "On that host, as root")
        say(f"  {forwarded(made)[0]}")
        if qr:
            say_drawn(made)
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
        say(f"Cancelled the code {each.id} of {_for_whom(each)}")


def _in_words(state: CodeState) -> str:
    who = f"{state.person}, device {state.device}" if state.device else _for_whom(state)
    times = "once" if state.uses == 1 else f"{state.uses} times"
    return f"{who}; the code is good {times}, until {state.expires:%Y-%m-%d %H:%M} UTC"


def _for_whom(state: CodeState) -> str:
    return state.person or f"host of {state.daemon}"


def _row(state: CodeState) -> tuple[object, ...]:
    used = f"{state.used} of {state.uses}"
    return state.id, _for_whom(state), state.device, wording.of(state.state), used, f"{state.expires:%Y-%m-%d %H:%M}"
