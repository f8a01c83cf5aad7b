"""Who runs this command: the real user, as the log names them."""

import os
import pwd
import socket
from collections.abc import Mapping

from certkit.ledger.interface import Actor


def real(environ: Mapping[str, str]) -> Actor:
    """Return the user of this process, and whoever became that user by sudo.

    Anybody can set a variable, so the process's own user is always named: `alice as root`.
    """
    user = _name(os.getuid())
    caller = _sudo_user(environ)
    name = f"{caller} as {user}" if caller and caller != user else user
    return Actor(name, socket.gethostname())


def _sudo_user(environ: Mapping[str, str]) -> str | None:
    """Return the user whom sudo names, if the name and the number that it gives are one user's."""
    try:
        found = pwd.getpwnam(environ.get("SUDO_USER", ""))
    except (KeyError, ValueError):
        return None
    return found.pw_name if environ.get("SUDO_UID") == str(found.pw_uid) else None


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # a user without a name, as in some containers
        return f"user {user}"
