"""Commands that the machine at hand has: not every system looks up names, or sets its clock, by the same one."""

import shutil
import sys
from collections.abc import Mapping

_SNTP = "sudo sntp -sS time.apple.com"


def commands(host: object = "") -> Mapping[str, str]:
    """Return the commands that templates name: `resolve` looks up a host, `set_clock` sets this machine's clock."""
    return {"resolve": f"{_resolver()} {host}".rstrip(), "set_clock": _set_clock()}


def _resolver() -> str:
    if sys.platform == "darwin":
        return "dscacheutil -q host -a name"
    return "getent hosts" if shutil.which("getent") else "nslookup"


def _set_clock() -> str:
    if sys.platform == "darwin":
        return _SNTP
    if shutil.which("timedatectl"):
        return "timedatectl set-ntp true"
    return "date -u    # then set it; a container and WSL have their host's: wsl --shutdown"
