"""Whether this is the laptop of somebody who builds on a team's daemon."""

import os

from certkit.earthly import flag_clients
from certkit.earthly.clients import find
from certkit.earthly.user import user_of
from certkit.enroll import record


def is_enrolled() -> bool:
    """Tell whether any client on this machine is enrolled in a team."""
    return bool(flag_clients.teams(user_of(os.environ))) or any(record.teams(client) for client in find(os.environ))
