"""What `certkit list` does."""

from pathlib import Path

from certkit.authority.overview import device_states
from certkit.cli.support import home_access, wording
from certkit.cli.support.output import say, say_json, say_table


def list_people(home: Path | None, *, as_json: bool) -> None:
    """List everybody's devices."""
    with home_access.reading(home) as view:
        found = device_states(view)
    if as_json:
        say_json({"devices": found})
    elif not found:
        say("Nobody yet. Issue the first: certkit issue alice@acme.example --out alice.certkit")
    else:
        rows = [(e.person, e.device, wording.of(e.state), e.expires.date() if e.expires else "") for e in found]
        say_table(("person", "device", "state", "expires"), rows)
