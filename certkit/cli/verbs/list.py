"""`certkit list`."""

from certkit.cli.support import context, wording
from certkit.cli.support.output import say, say_json, say_table


def list_people(home: context.HomeOption = None, as_json: context.JsonOption = False) -> None:
    """List everybody who was let in, device by device, until when.

    \b
    certkit list
    certkit list --json

    Exit codes: 0 listed, 1 failure, 2 usage.
    """
    from certkit.authority.overview import device_states

    with context.reading(home) as view:
        found = device_states(view)
    if as_json:
        say_json({"devices": found})
    elif not found:
        say("Nobody yet. Issue the first: certkit issue alice@acme.example --out alice.certkit")
    else:
        rows = [(e.person, e.device, wording.of(e.state), e.expires.date() if e.expires else "") for e in found]
        say_table(("person", "device", "state", "expires"), rows)
