"""`certkit list`."""

from certkit.cli import actions
from certkit.cli.support import options


def list_people(home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """List everybody who was let in, device by device, until when.

    \b
    certkit list
    certkit list --json

    Exit codes: 0 listed, 1 failure, 2 usage.
    """
    actions.list.list_people(home, as_json=as_json)
