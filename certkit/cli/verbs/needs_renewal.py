"""`certkit needs-renewal`."""

import typer

from certkit.cli import actions
from certkit.cli.support import options


def needs_renewal(as_json: options.JsonOption = False) -> None:
    """Tell whether the certificate should be renewed now.

    \b
    certkit needs-renewal && certkit renew
    certkit needs-renewal --json

    That is from two thirds of its life on, for some up to a tenth of it earlier, so that not all renew at once.

    Exit codes: 0 needed, 1 not needed, 2 nothing is enrolled here, 3 cannot tell.
    """
    code = actions.needs_renewal.needs_renewal(as_json=as_json)
    if code:
        raise typer.Exit(code)
