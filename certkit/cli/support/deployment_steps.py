"""How a daemon's files reach its host, and how it is started and proven there: the commands to paste."""

import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from certkit import deploy
from certkit.authority import deployments
from certkit.authority.daemons import behind as is_behind
from certkit.authority.view import View
from certkit.cli.support import home_access
from certkit.cli.support.output import say, short
from certkit.deploy import Handling, Site
from certkit.ledger.interface import Daemon

_FILES = "ca.pem cert.pem crl.pem key.pem"
_BY_COMMAND = {"compose", "podman", "systemd"}
"""The kinds whose file is put into its place, and started, by commands that are always the same."""


@dataclass(frozen=True)
class _Host:
    """Where a daemon runs, and the commands that reach it."""

    source: Path
    login: str
    as_root: bool
    directory: str
    site: Site
    handling: Handling | None

    def runs(self, command: str) -> str:
        """Return the command that has the host run one, as root."""
        if self.is_cluster:
            return command
        if not self.as_root:
            command = " && ".join(f"sudo {each}" for each in command.split(" && "))
        return f"ssh {self.login} {_as_one_word(command)}"

    @property
    def is_cluster(self) -> bool:
        """Whether nothing is done on a host, but all by Kubernetes."""
        return self.handling is not None and bool(self.handling.copy)

    def copies(self) -> str:
        """Return the command that brings the files there."""
        if self.handling and self.handling.copy:
            return self.handling.copy
        if self.as_root and " " not in self.directory:  # of which an scp makes one thing, and an older one another
            user, _, name = self.login.rpartition("@")
            address = f"{user}@[{name}]" if ":" in name else self.login
            return f"scp {short(self.source)}/*.pem {shlex.quote(f'{address}:{self.directory}/')}"
        folder = shlex.quote(self.directory)
        return f"tar -C {short(self.source)} -c {_FILES} | {self.runs(f'tar -C {folder} -x --no-same-owner')}"


def _as_one_word(command: str) -> str:
    """Quote a command for another machine's shell where this one would split it; it holds no `$` and no `"`."""
    if "'" in command:
        return f'"{command}"'
    return f"'{command}'" if "&" in command else command


def say_update(view: View, *, new: Collection[str] = ()) -> None:
    """Say how the newest files reach every daemon that was not seen to hold them, and how to prove it.

    Those that are `new` are left out: they are to be started first.
    """
    found = [daemon for daemon in view.ledger.daemons() if is_behind(view, daemon) and daemon.name not in new]
    for daemon in (each for each in found if each.sync):
        say("", f"The host of {daemon.name} fetches the new files by itself. To see it:  {_status(view)}")
    behind = [daemon for daemon in found if not daemon.sync]
    if not behind:
        return
    say("", "Next, for each daemon: copy the new files to its host, restart it, and verify it")
    for daemon in behind:
        host = _host(view, daemon)
        say(f"  {host.copies()}", *(f"  {line}" for line in _restart(host)), f"  {_check(view, daemon)}")


def _restart(host: _Host) -> Iterator[str]:
    """Return how a daemon is made to read its new files, gently and at once; what is not to be run is a comment."""
    do = host.handling
    if do is None:
        name = host.login.rpartition("@")[2]
        yield f"# Then restart buildkitd on {name} as it was started: a build may go on after that."
        yield "# For somebody who must be out now, then end every build on that host:"
        yield f"#   {host.runs(deploy.END_BUILDS)}"
    elif do.leaves_builds:
        yield "# Gently: when this shows no build"
        yield f"#   {host.runs(do.running)}"
        yield host.runs(do.restart)
        yield "# A build may go on after that. At once, with every build there, for somebody who must be out now:"
        yield f"#   {host.runs(do.cut)}"
    elif do.spares_builds:
        yield host.runs(do.restart)
        yield "# That ends no build. At once, with every connection, for somebody who must be out now:"
        yield f"#   {host.runs(do.cut)}"
    elif host.site.image.drains:
        yield f"# Gently: builds may end, for two minutes at most. Who builds:  {host.runs(do.running)}"
        yield host.runs(do.restart)
        yield "# At once, with every build, for somebody who must be out now:"
        yield f"#   {host.runs(do.cut)}"
    else:
        yield "# The restart ends what builds, at once. Gently: when this shows no build"
        yield f"#   {host.runs(do.running)}"
        yield host.runs(do.restart)


def say_deployment(view: View, daemon: Daemon) -> None:
    """Say how to bring a daemon up on its host, ready to paste."""
    host = _host(view, daemon)
    kind = deployments.of(view, daemon).kind
    recipe = home_access.command(view, f"daemon deploy {daemon.name}")
    if host.is_cluster and host.handling:
        say(
            "  1. Have the cluster make it, and give it its files",
            f"       {recipe} | kubectl apply --server-side -f -",
        )
        say(f"       {host.copies()}", "  2. See it start", f"       {host.handling.start}")
    else:
        install = host.runs(f"install -d -m 700 {shlex.quote(host.directory)}")
        say("  1. Copy its files to its host", f"       {install}", f"       {host.copies()}")
        if kind == "docker":
            _say_docker(view, daemon, host.site)
        elif host.handling and kind in _BY_COMMAND:
            say("  2. Start it there: what that takes stands in the file's first lines")
            say(f"       {recipe} | {host.runs(f'install -D -m 644 /dev/stdin {host.handling.place}')}")
            say(f"       {host.runs(host.handling.start)}")
        else:
            say("  2. Start it there, as the first lines of this say", f"       {recipe}")
    say("  3. Verify it", f"       {_check(view, daemon)}")


def _say_docker(view: View, daemon: Daemon, site: Site) -> None:
    say(f"  2. Start it on {daemon.hosts[0]}")
    say(*(f"       {line}" for line in deploy.command("docker", site)))
    if site.flavour == "earthly":
        earthbuild = deploy.FLAVOURS["earthbuild"]
        say(f"     for EarthBuild the same, with target={earthbuild.cache} and")
        say(f"     {earthbuild.reference}")
    say("     or, without a container")
    say(*(f"       {line}" for line in deploy.command("flags", site)))
    others = home_access.command(view, f"daemon deploy {daemon.name} --help")
    say("     or by compose, Podman, systemd, Kubernetes, or with HAProxy in front")
    say(f"       {others}")


def _host(view: View, daemon: Daemon) -> _Host:
    how, site = deployments.of(view, daemon), deployments.site(view, daemon)
    login = deployments.login(daemon, how)
    user = login.rpartition("@")[0]
    return _Host(
        source=view.daemon_directory(daemon.name),
        login=login,
        as_root=user in {"", "root"},
        directory=how.directory,
        site=site,
        handling=deploy.handling(how.kind, site),
    )


def _status(view: View) -> str:
    return home_access.command(view, "status")


def _check(view: View, daemon: Daemon) -> str:
    return home_access.command(view, f"daemon check {daemon.name} --wait 60")
