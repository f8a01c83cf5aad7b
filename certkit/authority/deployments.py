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
NEW = Deployment("docker", None, DIRECTORY)
"""How a daemon runs of which nothing is said, in a folder that may be another's."""
_PROGRAMS = {"systemd", "flags", "buildkitd"}
"""The kinds that run the programs of BuildKit's release, and no image."""
_LOGIN = re.compile(r"([a-z_][a-z0-9_.-]*@)?[A-Za-z0-9:][A-Za-z0-9.:_-]*")


def of(view: View, daemon: Daemon) -> Deployment:
    """Return how a daemon runs, with the flavour that its kind has unless another was said."""
    return complete(said(view, daemon))


def complete(how: Deployment) -> Deployment:
    """Return what was said with the flavour that its kind has unless another was said."""
    return how._replace(flavour=_flavour(how))


def said(view: View, daemon: Daemon) -> Deployment:
    """Return how a daemon runs, as far as anybody has said."""
    return daemon.deployment or NEW._replace(directory=_former_directory(view, daemon))


def own_directory(daemon: Daemon) -> str:
    """Return a folder on a daemon's host for its files alone: theirs have the same names as any other daemon's."""
    return f"{DIRECTORY}-{names.label(daemon.name)}"


def login(daemon: Daemon, how: Deployment) -> str:
    """Return how a daemon's host is reached by SSH."""
    return how.ssh or f"root@{daemon.hosts[0]}"


def site(view: View, daemon: Daemon, deployment: Deployment | None = None) -> "Site":
    """Return a daemon's place for the recipes; raises InvalidError where none could hold what was said."""
    from certkit.deploy import Site

    at, how = address.parse_shared(daemon.url), deployment or of(view, daemon)
    source = str(view.daemon_directory(daemon.name))
    return Site(daemon.name, at.host, at.port or 0, _flavour(how), how.directory, how.service or "", source)


def check(how: Deployment) -> None:
    """Raise InvalidError for what is no way to reach a host by SSH, and for a daemon that no unit can start."""
    if how.ssh is not None and not _LOGIN.fullmatch(how.ssh):
        raise InvalidError(
            f"{how.ssh!r} is not how SSH reaches a host",
            "Write it as admin@build.acme.example.",
            code="no-ssh-login",
            ssh=how.ssh,
        )
    if how.kind == "systemd" and how.flavour not in {None, "buildkit"}:
        raise InvalidError(
            f"the unit for systemd starts the programs of BuildKit's release, and {how.flavour} comes as an image",
            "Add --flavour buildkit, or choose another way: --as docker, compose or podman.",
            code="flavour-not-for-kind",
            kind=how.kind,
            flavour=how.flavour,
        )


def _flavour(how: Deployment) -> str:
    """Return the flavour that runs; former certkits recorded Earthly's wherever nothing was said."""
    if how.kind == "systemd":
        return "buildkit"
    return how.flavour or ("buildkit" if how.kind in _PROGRAMS else "earthly")


def _former_directory(view: View, daemon: Daemon) -> str:
    """Return the folder of a daemon from before folders were recorded: its own, if an older one has the usual one."""
    for other in view.ledger.daemons():
        is_older = (other.created, other.name) < (daemon.created, daemon.name)
        shares_host = other.name != daemon.name and set(other.hosts) & set(daemon.hosts)
        if shares_host and (other.deployment.directory == DIRECTORY if other.deployment else is_older):
            return own_directory(daemon)
    return DIRECTORY
