"""`certkit list`."""

from certkit.cli import actions
from certkit.cli.support import options


def list_people(home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """List people and their devices, and when access expires.

    \b
    certkit list
    certkit list --json

    Exit codes: 0 listed, 1 failure, 2 usage.
    """
    actions.list.list_people(home, as_json=as_json)
