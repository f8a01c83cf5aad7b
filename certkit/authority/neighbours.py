"""Daemons that share a host: what is one's there must not be another's, or the second takes the place of the first."""

import posixpath
from collections.abc import Iterator

from certkit.authority import deployments
from certkit.authority.view import View
from certkit.earthly import address
from certkit.errors import InvalidError, RefusedError
from certkit.ledger.interface import Daemon, Deployment
from certkit.pki import names

_CLUSTER = "kubernetes"


def settled(view: View, daemon: Daemon, how: Deployment) -> Daemon:
    """Return a daemon that runs in this way, with its files in a folder of its own if the usual one is another's.

    Raises RefusedError for what else of it is another daemon's.
    """
    taken = {_folder(theirs) for _, theirs in _beside(view, daemon, how) if theirs.kind != _CLUSTER}
    if _folder(how) in taken:
        how = how._replace(directory=deployments.own_directory(daemon))
    check(view, daemon, how)
    return daemon._replace(deployment=how)


def check(view: View, daemon: Daemon, how: Deployment) -> None:
    """Raise RefusedError if another daemon has its URL, or on its host its folder, its name, its port or its file."""
    _check_url(view, daemon)
    where = "in the same cluster" if how.kind == _CLUSTER else "on the same host"
    for other, theirs in _beside(view, daemon, how):
        for code, what in _shared(view, (daemon, how), (other, theirs)):
            raise RefusedError(
                f"{what} of the daemon {other.name}, which runs {where}",
                code=code,
                daemon=daemon.name,
                other=other.name,
            )


def _check_url(view: View, daemon: Daemon) -> None:
    """Refuse a URL that leads to another daemon: whoever answers there serves one certificate, and can be only one."""
    host, port = daemon.hosts[0], address.parse_shared(daemon.url).port
    for other in view.ledger.daemons():
        if other.name != daemon.name and host in other.hosts and port == address.parse_shared(other.url).port:
            raise RefusedError(
                f"the daemon {other.name} is at {daemon.url} already",
                "Two daemons on one host need two ports.",
                code="daemon-url-taken",
                daemon=other.name,
                url=daemon.url,
            )


def _shared(view: View, one: tuple[Daemon, Deployment], other: tuple[Daemon, Deployment]) -> Iterator[tuple[str, str]]:
    """Return what two daemons of one host would both have, with the code of each."""
    from certkit.deploy import only_file  # what reads only needs no recipes

    (daemon, how), (beside, theirs) = one, other
    name, file = _called(view, daemon, how), only_file(how.kind)
    if name and name == _called(view, beside, theirs):
        yield "daemon-service-taken", f"{name} is the container, the unit or the namespace"
    if _CLUSTER in {how.kind, theirs.kind}:
        return  # of a cluster nothing lies on a host, and no port is open there
    if _folder(how) == _folder(theirs):
        yield "daemon-folder-taken", f"{_folder(how)} has the files"
    if file and file == only_file(theirs.kind):
        yield "daemon-file-taken", f"{file} is the configuration"
    port = address.parse_shared(daemon.url).port
    if port == address.parse_shared(beside.url).port:
        yield "daemon-port-taken", f"{port} is the port"


def _called(view: View, daemon: Daemon, how: Deployment) -> str:
    """Return what its container, unit or namespace is called; empty if it has none, or its operator alone knows."""
    from certkit.deploy import handling

    site = deployments.site(view, daemon, how)
    do = handling(how.kind, site)
    return site.name.removesuffix(".service") if do and do.is_named else ""


def _folder(how: Deployment) -> str:
    return posixpath.normpath(how.directory)


def _beside(view: View, daemon: Daemon, how: Deployment) -> Iterator[tuple[Daemon, Deployment]]:
    """Return the other daemons of a host, and, of one in a cluster, all that are in one: there may be but one."""
    for other in view.ledger.daemons():
        theirs = deployments.of(view, other)
        clusters = [each.kind == _CLUSTER for each in (how, theirs)]
        if other.name != daemon.name and (
            all(clusters) or (not any(clusters) and _is_same_host(daemon, how, other, theirs))
        ):
            yield other, theirs


def _is_same_host(daemon: Daemon, how: Deployment, other: Daemon, theirs: Deployment) -> bool:
    """Tell whether the machine that one is copied to is the other's, by any of its names."""
    here, there = _machine(daemon, how), _machine(other, theirs)
    return here in {there, *other.hosts} or there in daemon.hosts


def _machine(daemon: Daemon, how: Deployment) -> str:
    name = deployments.login(daemon, how).rpartition("@")[2]
    try:
        return str(names.parse_host(name).value)
    except InvalidError:
        return name.lower()  # one of the lead's own, from ~/.ssh/config
