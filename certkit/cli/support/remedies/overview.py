"""What to do about an item of the overview that needs attention: a command without the program's name."""

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certkit.authority.overview import Item


def remedy(item: "Item", any_daemon: str | None) -> str:
    """Return the command that puts right what is the matter with an item."""
    match item.kind:
        case "home":
            return f"chmod go-rwx {shlex.quote(item.name)}"
        case "authority":
            return f"rotate {item.name} prepare"
        case "crl":
            return f"daemon renew {any_daemon or '--help'}"  # each renewal publishes for all
        case "daemon":
            return _daemon(item)
    device = item.device or ""
    return shlex.join(["issue", item.name, "--device", device, "--out", f"{device}.certkit"])


def _daemon(item: "Item") -> str:
    if item.attention == "no-daemon":
        return "daemon add --help"
    verb = "renew" if item.attention in {"expired", "expires-soon", "no-certificate"} else "check"
    return f"daemon {verb} {item.name}"
