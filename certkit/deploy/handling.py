"""How a daemon is started, restarted and looked at on its host: one set of commands for each kind of deployment."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from shlex import quote

from certkit.deploy.site import Site

DRAIN_SECONDS = 120
"""How long every recipe lets running builds end, where the daemon waits for them at all."""

END_BUILDS = "sh -c 'echo 1 > /sys/fs/cgroup/buildkit/cgroup.kill'"
"""Ends every build on a host whose daemons keep them where BuildKit does unless told otherwise: beside themselves."""


@dataclass(frozen=True)
class Handling:
    """Commands to run on the daemon's host, or, of Kubernetes, wherever kubectl works."""

    place: str
    """Where the rendered file goes on the host; empty if it goes nowhere."""
    start: str
    restart: str
    """Makes the daemon read new files, gently where it can: running builds may end."""
    cut: str
    """Does so at once, and ends whatever runs."""
    running: str
    """Shows what runs: nobody builds if that is the daemon alone. Empty where nothing can."""
    copy: str = ""
    """Brings new files to the daemon where a folder on a host does not."""
    spares_builds: bool = False
    """Whether `restart` ends no build, as a proxy's reload."""
    is_named: bool = True
    """Whether what runs is called after the site, and so cannot be another's on that host."""
    leaves_builds: bool = False
    """Whether builds go on after whatever ends the daemon, for nothing keeps them together."""


def handling(kind: str, site: Site) -> Handling | None:
    """Return the commands of a kind of deployment; None where only its operator knows how the daemon was started."""
    if kind in _KINDS:
        return _KINDS[kind](site)
    return _own_unit(site) if site.called else None  # whoever wrote the flags, or the TOML, named it


def only_file(kind: str) -> str:
    """Return the file that a kind has once on a host, for one daemon; empty if each daemon has another."""
    return {"haproxy": "/etc/haproxy/haproxy.cfg", "buildkitd": "/etc/buildkit/buildkitd.toml"}.get(kind, "")


def _docker(site: Site) -> Handling:
    return Handling(
        place="",
        start="sh",
        restart=f"docker restart {site.name}",
        cut=f"docker restart --time 0 {site.name}",
        running=f"docker top {site.name}",
    )


def _compose(site: Site) -> Handling:
    place, project = f"/opt/{site.name}/compose.yaml", f"docker compose --project-name {site.name}"
    return Handling(
        place=place,
        start=f"docker compose --file {place} up --detach --wait",
        restart=f"{project} restart",
        cut=f"{project} restart --timeout 0",
        running=f"{project} top",
    )


def _podman(site: Site) -> Handling:
    return Handling(
        place=f"/etc/containers/systemd/{site.name}.container",
        start=f"systemctl daemon-reload && systemctl start {site.name}",
        restart=f"systemctl restart {site.name}",
        cut=f"podman kill {site.name}",
        running=f"podman top {site.name}",
    )


def _systemd(site: Site) -> Handling:
    return Handling(
        place=f"/etc/systemd/system/{site.name}.service",
        start=f"systemctl daemon-reload && systemctl enable --now {site.name}",
        restart=f"systemctl restart {site.name}",
        cut=f"systemctl kill --signal=KILL {site.name}",
        running=f"systemd-cgls --no-pager --unit {site.name}",
    )


def _own_unit(site: Site) -> Handling:
    """Return the commands of a unit of the operator's own: the control group that ends with it has no builds in it."""
    unit = _systemd(site)
    running = "systemd-cgls --no-pager /buildkit"
    return replace(unit, cut=f"{unit.cut} && {END_BUILDS}", running=running, leaves_builds=True)


def _kubernetes(site: Site) -> Handling:
    kubectl, stateful = f"kubectl --namespace={site.name}", f"statefulset/{site.name}"
    files = " ".join(f"--from-file={name}" for name in _FILES)  # of no folder: its `=` or `,` would be kubectl's own
    status = f"{kubectl} rollout status {stateful}"
    return Handling(
        place="",
        start=status,
        restart=f"{kubectl} rollout restart {stateful} && {status}",
        cut=f"{kubectl} delete pod {site.name}-0 --now && {status}",
        running=f"{kubectl} exec {stateful} -- ps",
        copy=f"(cd {quote(site.source or site.directory)} && {kubectl} create secret generic {site.name} {files}"
        " --dry-run=client --output=yaml) | kubectl apply --server-side --filename=-",
    )


def _haproxy(_site: Site) -> Handling:
    return Handling(
        place=only_file("haproxy"),
        start="systemctl restart haproxy",
        restart="systemctl reload haproxy",
        cut="systemctl restart haproxy",
        running="",
        spares_builds=True,
        is_named=False,
    )


_FILES = ("ca.pem", "cert.pem", "key.pem")
_KINDS: dict[str, Callable[[Site], Handling]] = {
    "docker": _docker,
    "compose": _compose,
    "podman": _podman,
    "systemd": _systemd,
    "kubernetes": _kubernetes,
    "haproxy": _haproxy,
}
