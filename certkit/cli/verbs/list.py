"""`certkit list`."""

from certkit.cli import actions
from certkit.cli.remote.offer import offered
from certkit.cli.support import options


@offered("list", changes=False)
def list_people(home: options.HomeOption = None, as_json: options.JsonOption = False) -> None:
    """List people and their devices, and when access expires.

    \b
    certkit list
    certkit list --json

    When a device was first issued a certificate (since) and when its newest (issued) tells which of somebody's laptops
    is meant. What ends within 30 days is marked (!). Exit codes: 0 listed, 1 failure, 2 usage.
    """
    actions.list.list_people(home, as_json=as_json)
