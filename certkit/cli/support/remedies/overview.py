"""What to do about an item of the overview that needs attention: a command without the program's name."""

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certkit.authority.overview import Item


ALL_DEVICES = "issue --expiring --out-dir renewals"
"""What puts right what is the matter with all devices."""


def remedy(item: "Item", any_daemon: str | None, next_step: str) -> str:
    """Return the command that puts right what is the matter with an item.

    `next_step` is what comes next in an authority's rotation.
    """
    match item.kind:
        case "home":
            return _home(item)
        case "authority":  # amid a rotation, whoever lacks the next one is to be seen first
            return f"rotate {item.name} {next_step if next_step == 'prepare' or item.attention == 'expired' else ''}"
        case "crl":
            return f"daemon renew {any_daemon or '--help'}"  # each renewal publishes for all
        case "daemon":
            return _daemon(item)
    device = item.device or ""
    if item.renews_by:
        return shlex.join(["invite", item.name, "--device", device])
    return shlex.join(["issue", item.name, "--device", device, "--out", _bundle(item.name, device)])


def _bundle(person: str, device: str) -> str:
    """Name a bundle's file, for each device another."""
    readable = re.sub(r"[^\w.@+-]+", "-", f"{person}-{device}")
    return f"{readable.lstrip('-.')}.certkit"


def _home(item: "Item") -> str:
    path = shlex.quote(item.name)
    return f"cp -a {path} {path}-copy" if item.attention == "nears-backup-limit" else f"chmod go-rwx {path}"


def _daemon(item: "Item") -> str:
    if item.attention == "no-daemon":
        return "daemon add --help"
    if item.attention == "nears-secret-limit":
        return "rotate client"
    verb = "renew" if item.attention in {"expired", "expires-soon", "not-yet-valid", "no-certificate"} else "check"
    return f"daemon {verb} {item.name}"
