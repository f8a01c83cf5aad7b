"""`certkit rotate`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from certkit.cli.support import context
from certkit.cli.support.deployment_steps import say_handover
from certkit.cli.support.output import say, say_json
from certkit.errors import InvalidError

if TYPE_CHECKING:
    from certkit.authority.rollover import Member, Standing
    from certkit.authority.view import View


_HARMLESS = {"retire": "locks out nobody who has enrolled with what was issued"}


def rotate(
    role: Annotated[Literal["server", "client"], typer.Argument(help="Which authority.")],
    step: Annotated[
        Literal["prepare", "switch", "retire", "rollback", "status"], typer.Argument(help="What to do.")
    ] = "status",
    force: Annotated[bool, typer.Option("--force", help="Go on although it locks somebody out.")] = False,
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Its key has leaked: trust it no more (of two, the older).")
    ] = False,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Replace an authority, step by step, so that nobody is shut out.

    \b
    certkit rotate client prepare     a new one is made; daemons are to trust both
    certkit rotate client switch      from now on it signs
    certkit rotate client retire      the old one is trusted no more
    certkit rotate client             where it stands, and who still lacks the new one
    certkit rotate client --compromised

    A step is refused while it would lock anybody out, and can be rolled back. A certificate that was issued is taken
    to be in use: certkit cannot see whether its holder has enrolled with it.
    Exit codes: 0 done, 1 failure or refused, 2 usage.
    """
    from certkit.authority import rollover
    from certkit.authority.session import Session

    if compromised and step != "status":
        raise InvalidError("--compromised goes without steps", f"Say certkit rotate {role} --compromised")
    changes = compromised or step != "status"
    with context.changing(home) if changes else context.reading(home) as team:
        must_enroll_again: list[Member] = []
        if isinstance(team, Session) and compromised:
            must_enroll_again = rollover.replace_compromised(team, role)
        elif isinstance(team, Session) and step != "status":
            rollover.take(team, role, step, force=force)
        found = rollover.standing(team, role)
        if as_json:
            say_json(_as_data(found) | ({"must_enroll_again": must_enroll_again} if compromised else {}))
            return
        _say_standing(found)
        if compromised:
            _say_must_enroll_again(role, must_enroll_again)
        elif step == "status" and found.if_compromised:
            say(f"If its key leaked, --compromised would make {len(found.if_compromised)} enroll again.")
        _say_next(team, role, step)


def _as_data(found: "Standing") -> dict[str, object]:
    state = found.rotation
    return {
        "role": found.role,
        "stage": state.stage,
        "issuing": state.issuing,
        "trusted": list(state.trusted),
        "steps": [{"step": step, "would_lock_out": names} for step, names in found.blocked.items()],
        "if_compromised": found.if_compromised,
    }


def _say_standing(found: "Standing") -> None:
    state = found.rotation
    trusted = " and ".join(map(str, state.trusted))
    say(f"The {found.role} authority is {state.stage}: generation {state.issuing} signs, {trusted} trusted.")
    for step, names in found.blocked.items():
        effect = (
            f"would lock out {len(names)}: {', '.join(map(str, names))}"
            if names
            else _HARMLESS.get(step, "locks nobody out")
        )
        say(f"  {step:<9} {effect}")


def _say_must_enroll_again(role: str, names: "list[Member]") -> None:
    until = "they cannot build"
    if role == "server":
        until += ", or believe whoever has the leaked key"
    if names:
        say("", f"These must enroll again; until they have, {until}:", *(f"  {name}" for name in names))
        say("Issue anew for each: certkit issue PERSON --device DEVICE --out FILE")
        say("They install it with:  certkit enroll FILE --force")
    else:
        say("Nobody needs to enroll again.")


def _say_next(team: "View", role: str, step: str) -> None:
    if (role, step) in {("client", "switch"), ("server", "prepare")}:
        say("", "Next: issue anew for every device, and let each install it with certkit enroll FILE --force")
        say(f"Who still lacks it: certkit rotate {role}")
    say_handover(team)
