"""How a daemon's files reach its host, and how it is started and proven there: the commands to paste."""

from certkit import deploy
from certkit.authority.daemons import behind as is_behind
from certkit.authority.view import View
from certkit.cli.support import home_access
from certkit.cli.support.options import CERTS
from certkit.cli.support.output import say, short
from certkit.deploy import Site
from certkit.earthly.address import parse_shared
from certkit.ledger.interface import Daemon


def say_update(view: View) -> None:
    """Say how the newest files reach every daemon that was not seen to hold them, and how to prove it."""
    behind = [daemon for daemon in view.ledger.daemons() if is_behind(view, daemon)]
    if not behind:
        return
    say("", "Next, for each daemon: copy the new files to its host, restart it, and verify it")
    for daemon in behind:
        say(
            f"  {_copy(view, daemon)}",
            f"  ssh root@{daemon.hosts[0]} docker restart buildkitd-{daemon.name}",
            f"  {_check(view, daemon)}",
        )


def say_deployment(view: View, daemon: Daemon) -> None:
    """Say how to bring a daemon up on its host, ready to paste."""
    host = daemon.hosts[0]
    say("  1. Copy its files to its host", f"       ssh root@{host} install -d -m 700 {CERTS}")
    say(f"       {_copy(view, daemon)}", f"  2. Start it on {host}")
    say(*(f"       {line}" for line in deploy.command("docker", site(daemon))))
    earthbuild = site(daemon, "earthbuild").image
    say(f"     for EarthBuild the same, with target={earthbuild.cache} and")
    say(f"     {earthbuild.reference}")
    say("     or, without a container")
    say(*(f"       {line}" for line in deploy.command("flags", site(daemon))))
    say("     or by compose, Podman, systemd, Kubernetes, or with HAProxy in front")
    say(f"       {home_access.command(view, f'daemon deploy {daemon.name} --help')}")
    say("  3. Verify it", f"       {_check(view, daemon)}")


def _copy(view: View, daemon: Daemon) -> str:
    host = f"[{daemon.hosts[0]}]" if ":" in daemon.hosts[0] else daemon.hosts[0]
    folder = short(view.daemon_directory(daemon.name))
    return f"scp {folder}/*.pem root@{host}:{CERTS}/"


def _check(view: View, daemon: Daemon) -> str:
    return home_access.command(view, f"daemon check {daemon.name} --wait 60")


def site(daemon: Daemon, flavour: str = "earthly", directory: str = CERTS) -> Site:
    """Return a daemon's place: of what flavour it is, and where the files lie on its host."""
    address = parse_shared(daemon.url)
    return Site(daemon.name, address.host, address.port or 0, flavour, directory)
