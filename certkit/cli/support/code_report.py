"""What `certkit invite` shows of a code: once, for nobody can show it again."""

from certkit.authority.invitations import Invitation
from certkit.cli.support import qr_code
from certkit.cli.support.output import say
from certkit.results import as_json


def forwarded(made: Invitation) -> tuple[str, str]:
    """Return what the lead forwards: the line that enrolls, and the one that works where certkit is not installed."""
    line = f"certkit enroll '{made.code.text}'"
    return line, f"uvx {line}"


def as_data(made: Invitation) -> dict[str, object]:
    """Return a code as JSON takes it."""
    code = made.code
    data: dict[str, object] = as_json(made.state)
    return data | {"code": code.text, "url": code.server.url, "pin": code.pin.hex(), "password": code.password}


def say_drawn(made: Invitation) -> None:
    """Draw a code for the camera of another machine."""
    say("", *qr_code.lines(made.code.text))
