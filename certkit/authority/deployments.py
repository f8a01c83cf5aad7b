"""How each daemon runs on its host: what was said of it, and what is taken for granted where nothing was."""

import re
from typing import TYPE_CHECKING

from certkit.authority.view import View
from certkit.earthly import address
from certkit.errors import InvalidError
from certkit.ledger.interface import Daemon, Deployment
from certkit.pki import names

if TYPE_CHECKING:  # every command that lists daemons loads this, and no recipe
    from certkit.deploy import Site

DIRECTORY = "/etc/buildkit-certs"
"""The folder of the three files on a daemon's host, unless another is chosen, or it is another daemon's there."""
_LOGIN = re.compile(r"([a-z_][a-z0-9_.-]*@)?[A-Za-z0-9:][A-Za-z0-9.:_-]*")


def of(view: View, daemon: Daemon) -> Deployment:
    """Return how a daemon runs, as far as anybody has said."""
    return daemon.deployment or Deployment("docker", "earthly", own_directory(view, daemon))


def own_directory(view: View, daemon: Daemon) -> str:
    """Return a folder on a daemon's host that holds no other daemon's files: their names are the same."""
    for other in view.ledger.daemons():
        is_older = (other.created, other.name) < (daemon.created, daemon.name)
        shares_host = other.name != daemon.name and set(other.hosts) & set(daemon.hosts)
        if shares_host and (other.deployment.directory == DIRECTORY if other.deployment else is_older):
            return f"{DIRECTORY}-{names.label(daemon.name)}"
    return DIRECTORY


def site(view: View, daemon: Daemon, deployment: Deployment | None = None) -> "Site":
    """Return a daemon's place for the recipes; raises InvalidError where none could hold what was said."""
    from certkit.deploy import Site

    at, how = address.parse_shared(daemon.url), deployment or of(view, daemon)
    source = str(view.daemon_directory(daemon.name))
    return Site(daemon.name, at.host, at.port or 0, how.flavour, how.directory, how.service or "", source)


def check_ssh(ssh: str | None) -> None:
    """Raise InvalidError for what is no way to reach a host by SSH."""
    if ssh is not None and not _LOGIN.fullmatch(ssh):
        raise InvalidError(
            f"{ssh!r} is not how SSH reaches a host",
            "Write it as admin@build.acme.example.",
            code="no-ssh-login",
            ssh=ssh,
        )
