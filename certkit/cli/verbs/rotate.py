"""`certkit rotate`."""

from typing import Annotated, Literal

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import offered
from certkit.cli.support import options
from certkit.errors import InvalidError


@offered("rotate", lambda options: options.get("step", "status") != "status" or bool(options.get("compromised")))
def rotate(
    role: Annotated[Literal["server", "client"], typer.Argument(help="Which authority.")],
    step: Annotated[
        Literal["prepare", "switch", "retire", "rollback", "status"], typer.Argument(help="The step to take.")
    ] = "status",
    force: Annotated[bool, typer.Option("--force", help="Continue even if it locks somebody out.")] = False,
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Its key has leaked: stop trusting it (of two, the older).")
    ] = False,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Replace an authority step by step, without locking anyone out.

    \b
    certkit rotate client prepare     makes a new one; daemons must trust both
    certkit rotate client switch      the new one signs from now on
    certkit rotate client retire      the old one is no longer trusted
    certkit rotate client             where it stands, and who lacks the new one
    certkit rotate client --compromised

    A step is refused while it would lock anybody out, and it can be rolled back. Every certificate that was issued
    counts as in use: certkit cannot see whether its holder has enrolled with it. Where an authority has expired, which
    locks everybody out already, prepare puts the new one in its place at once.
    Exit codes: 0 done, 1 failure or refused, 2 usage.
    """
    if compromised and step != "status":
        raise InvalidError("--compromised does not take a step", f"Run certkit rotate {role} --compromised")
    actions.rotate.rotate(home, role, step, force=force, compromised=compromised, as_json=as_json)
