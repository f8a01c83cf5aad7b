"""`certkit renew`."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import options


def renew(
    if_needed: Annotated[
        bool, typer.Option("--if-needed", help="Only at two thirds of its life, or if the server has news.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Use the new certificate though the daemon was not seen to accept it.")
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Renew this machine's certificate at the team's server.

    \b
    certkit renew
    certkit renew --if-needed       # as the timer does that certkit enroll sets

    Each renewal makes a new key here. The former pair stays in use until the daemon was seen to accept the new one; if
    it is not, or cannot be asked, the next renewal tries again, and near the end the new pair is taken in any case.
    What has changed comes along: new authorities, a daemon that has moved, further daemons. With --if-needed the
    server is asked whether there is any of that; one that cannot be reached is asked the next time.

    Exit codes: 0 renewed or not needed, 1 failure, 2 usage, 3 the daemon was not seen to accept it yet.
    """
    code = actions.renew.renew(if_needed=if_needed, force=force, as_json=as_json)
    if code:
        raise typer.Exit(code)
