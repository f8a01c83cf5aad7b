"""What `certkit rotate` does."""

import shlex
from pathlib import Path
from typing import Literal

from certkit.authority import invitations, rollover
from certkit.authority.home import ROLES
from certkit.authority.invitations import CodeState
from certkit.authority.rollover import Member, Standing
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.cli.support import home_access
from certkit.cli.support.deployment_steps import say_update
from certkit.cli.support.output import say, say_json

_ISSUE_ANEW = "Next: issue a new bundle for every device, and have each install it with certkit enroll FILE --force"
_COMES = "Next: laptops that the server enrolled get it within hours, by their timer; at once with certkit renew."
_HARMLESS = {"retire": "locks out nobody who has enrolled with what was issued"}


def rotate(
    home: Path | None,
    role: Literal["server", "client"],
    step: Literal["prepare", "switch", "retire", "rollback", "status"],
    *,
    force: bool,
    compromised: bool,
    as_json: bool,
) -> None:
    """Take a step, or replace a compromised authority, and say where the rotation stands."""
    changes = compromised or step != "status"
    with home_access.changing(home) if changes else home_access.reading(home) as team:
        had_expired, signed = team.has_expired(role), team.rotation(role).issuing
        must_enroll_again: list[Member] = []
        if isinstance(team, Session) and compromised:
            must_enroll_again = rollover.replace_compromised(team, role)
        elif isinstance(team, Session) and step != "status":
            rollover.take(team, role, step, force=force)
        found = rollover.standing(team, role)
        ended = invitations.open_codes(team) if role == "server" and found.rotation.issuing != signed else []
        if as_json:
            again = {"must_enroll_again": must_enroll_again} if compromised else {}
            say_json(_as_data(found) | again | ({"ended_codes": [each.id for each in ended]} if ended else {}))
            return
        _say_standing(found)
        if compromised:
            _say_must_enroll_again(role, must_enroll_again)
        elif step == "status" and found.if_compromised:
            say(f"If its key leaked, --compromised would make {len(found.if_compromised)} enroll again.")
        _say_ended(team, ended)
        if had_expired:
            _say_way_out(team, role, found)
        else:
            _say_next(team, found, step)


def _as_data(found: Standing) -> dict[str, object]:
    state = found.rotation
    return {
        "role": found.role,
        "stage": state.stage,
        "issuing": state.issuing,
        "trusted": list(state.trusted),
        "steps": [{"step": step, "would_lock_out": names} for step, names in found.blocked.items()],
        "if_compromised": found.if_compromised,
    }


def _say_standing(found: Standing) -> None:
    state = found.rotation
    if len(state.trusted) == 1:
        generations = f"generation {state.issuing} signs and is the only one trusted"
    else:
        trusted = " and ".join(map(str, state.trusted))
        generations = f"generation {state.issuing} signs; generations {trusted} are trusted"
    say(f"The {found.role} authority is {state.stage}: {generations}.")
    for step, names in found.blocked.items():
        effect = (
            f"would lock out {len(names)}: {', '.join(map(_in_words, names))}"
            if names
            else _HARMLESS.get(step, "locks nobody out")
        )
        say(f"  {step:<9} {effect}")


def _in_words(member: Member) -> str:
    return f"{member}, last here on {member.came:%Y-%m-%d}" if member.came else str(member)


def _say_must_enroll_again(role: str, names: list[Member]) -> None:
    until = "they cannot build"
    if role == "server":
        until += ", or believe whoever has the leaked key"
    if names:
        say("", f"These must enroll again; until they have, {until}:", *(f"  {name}" for name in names))
        say("Issue a new bundle for each: certkit issue PERSON --device DEVICE --out FILE")
        say("They install it with:  certkit enroll FILE --force")
    else:
        say("Nobody needs to enroll again.")


def _say_ended(team: View, codes: list[CodeState]) -> None:
    """Say which codes open nothing any more: a code names the authority by which a laptop knows the server."""
    if not codes:
        return
    whom = dict.fromkeys(f"--daemon {each.daemon}" if each.daemon else shlex.quote(each.person or "") for each in codes)
    say("", "Codes that nobody has used yet name the authority that signed before, and are refused now. New ones:")
    say(*(f"  {home_access.command(team, f'invite {each}')}" for each in whom))


def _say_next(team: View, found: Standing, step: str) -> None:
    if (found.role, step) in {("client", "switch"), ("server", "prepare")}:
        waiting = [each for each in found.blocked[found.rotation.steps[0]] if each.device]
        comes = [each for each in waiting if each.came]
        say("", *([_COMES] if comes else []), *([_ISSUE_ANEW] if len(comes) < len(waiting) or not comes else []))
        say(f"Who still lacks it: certkit rotate {found.role}")
    say_update(team)


def _say_way_out(team: View, role: str, found: Standing) -> None:
    """Say how builds go on where an authority had expired: first no authority may be left that has."""
    if not team.has_expired(found.role):
        say(f"The former {role} authority had expired, and nobody trusts it any more: the new one signs at once.")
    for each in filter(team.has_expired, ROLES):
        step = home_access.command(team, f"rotate {each} {team.rotation(each).steps[0]}")
        say("", f"Next: the {each} authority has expired, so nobody can build:  {step}")
        return
    say("", _ISSUE_ANEW, f"Which devices these are:  {home_access.command(team, 'list')}")
    say_update(team)
