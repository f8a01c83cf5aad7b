"""A code that was just made, as JSON: all that it says in one line, and apart."""

from certkit.authority.invitations import Invitation
from certkit.results import as_json


def invitation_data(made: Invitation) -> dict[str, object]:
    """Return a code with its secret."""
    code = made.code
    data: dict[str, object] = as_json(made.state)
    return data | {"code": code.text, "url": code.server.url, "pin": code.pin.hex(), "password": code.password}
