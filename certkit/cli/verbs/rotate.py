"""`certkit rotate`."""

from typing import Annotated, Literal

import typer

from certkit.cli import actions
from certkit.cli.support import options
from certkit.errors import InvalidError


def rotate(
    role: Annotated[Literal["server", "client"], typer.Argument(help="Which authority.")],
    step: Annotated[
        Literal["prepare", "switch", "retire", "rollback", "status"], typer.Argument(help="What to do.")
    ] = "status",
    force: Annotated[bool, typer.Option("--force", help="Go on although it locks somebody out.")] = False,
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Its key has leaked: trust it no more (of two, the older).")
    ] = False,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Replace an authority step by step, without locking anyone out.

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
    if compromised and step != "status":
        raise InvalidError("--compromised goes without steps", f"Say certkit rotate {role} --compromised")
    actions.rotate.rotate(home, role, step, force=force, compromised=compromised, as_json=as_json)
