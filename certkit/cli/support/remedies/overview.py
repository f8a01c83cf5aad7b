"""What to do about an item of the overview that needs attention: a command without the program's name."""

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certkit.authority.overview import Item


ALL_DEVICES = "issue --expiring --out-dir renewals"
"""What puts right what is the matter with all devices."""


def remedy(item: "Item", any_daemon: str | None) -> str:
    """Return the command that puts right what is the matter with an item."""
    match item.kind:
        case "home":
            return f"chmod go-rwx {shlex.quote(item.name)}"
        case "authority":
            return f"rotate {item.name} prepare"
        case "crl":
            return f"daemon renew {any_daemon or '--help'}"  # each renewal publishes for all
        case "daemon" if item.attention in {"expired", "expires-soon", "no-certificate"}:
            return f"daemon renew {item.name}"
        case "daemon":
            return f"daemon check {item.name}"
    device = item.device or ""
    return shlex.join(["issue", item.name, "--device", device, "--out", f"{device}.certkit"])
