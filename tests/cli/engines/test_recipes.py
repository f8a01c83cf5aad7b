"""Every recipe brings a daemon up that builds, takes new files, does to builds what it says, and survives a reboot."""

import re
import shlex

import pytest

from tests.cli.engines.conftest import Desk
from tests.engines.machine import ENGINES, HOST, OLDER

pytestmark = pytest.mark.real

SERVICE = "buildkitd-build"
URL = f"tcp://{HOST}:8372"
RECIPES = [
    (OLDER, "systemd", "buildkit", "/srv/tls certs"),
    (ENGINES, "systemd", "buildkit", "/srv/tls certs"),
    (ENGINES, "docker", "buildkit", "/etc/buildkit-certs"),
    (ENGINES, "docker", "earthly", "/etc/buildkit-certs"),
    (ENGINES, "compose", "buildkit", "/srv/tls certs"),
    (ENGINES, "compose", "earthbuild", "/etc/buildkit-certs"),
    (ENGINES, "podman", "buildkit", "/srv/tls certs"),
]


def brought_up(desk: Desk, kind: str, flavour: str, certs: str, change: str = "cat") -> None:
    """Make a team, and paste what its first daemon's host needs, after a filter has changed the recipe."""
    assert desk.lead("init", "--team", "acme", "--daemon", "tcp://first.acme.example:1").code == 0
    said = ("--as", kind, "--flavour", flavour, "--certs", certs)
    added = desk.lead("daemon", "add", "build", URL, *said)
    assert added.code == 0, added.err
    assert desk.lead("daemon", "remove", "first", "--yes").code == 0
    for each in ("al", "bo"):
        desk.enroll(each)
    lines = [line.strip() for line in added.out.splitlines() if re.match(r" {7}(ssh|scp|tar|certkit) ", line)]
    if kind == "docker":
        run = f"certkit daemon deploy build | ssh root@{HOST} sh"  # the second time it replaces the container
        lines = [*lines[:2], run, run, lines[-1]]
    for line in lines[: 2 if kind in {"haproxy", "flags"} else None]:  # for these, the rest is what the first lines say
        desk.paste(line.replace("deploy build |", f"deploy build | {change} |"))


def after_revoking(desk: Desk, person: str) -> tuple[list[str], str]:
    """Revoke somebody; return the lines to paste, and the one that ends everything at once."""
    lines = [line.strip() for line in desk.lead("revoke", person).out.splitlines() if line.startswith("  ")]
    *_, at_once = [line.removeprefix("#").strip() for line in lines if line.startswith("#   ")]
    return [line for line in lines if not line.startswith("#")], at_once


def reaches_the_hosts_loopback(desk: Desk) -> bool:
    """Tell whether a build reads from a service that listens on the host's loopback alone."""
    desk.engines.on("systemd-run", "--quiet", "socat", "TCP-LISTEN:9999,bind=127.0.0.1,fork", "EXEC:echo secret")
    assert "secret" in desk.engines.on("socat", "-", "TCP:127.0.0.1:9999,retry=20,interval=0.1")
    return desk.built("al", "busybox nc -w 2 127.0.0.1 9999")[0]


def hands_outputs_to_another_container(desk: Desk) -> bool:
    """Tell whether a container in Docker's own network gets at the daemon's registry."""
    at = desk.engines.on("docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", SERVICE)
    assert desk.engines.on("docker", "exec", SERVICE, "busybox", "wget", "-q", "-O-", "http://127.0.0.1:8371/v2/")
    other = ("docker", "run", "--rm", "--entrypoint", "busybox", "earthly/buildkitd:v0.8.16")
    said = desk.engines.on(*other, "wget", "-T", "3", "-q", "-O-", f"http://{at.strip()}:8371/v2/", check=False)
    return "{" in said


LEAKS = {("systemd", "buildkit"): reaches_the_hosts_loopback, ("docker", "earthly"): hands_outputs_to_another_container}
"""What a recipe keeps apart."""


@pytest.mark.parametrize(("engines", "kind", "flavour_of_recipe", "certs"), RECIPES, indirect=["engines"])
def test_a_recipe_builds_and_restarts_gently_and_at_once_and_comes_back(
    desk: Desk, kind: str, flavour_of_recipe: str, certs: str
) -> None:
    brought_up(desk, kind, flavour_of_recipe, certs)
    assert desk.built("al")[0]
    leaks = LEAKS.get((kind, flavour_of_recipe))
    assert not (leaks and leaks(desk))

    running = desk.build("al", "sleep 7; echo it has ended well")
    desk.wait_for(lambda: desk.runs("sleep 7"))
    steps, at_once = after_revoking(desk, "bo")
    for line in steps:  # the last of them proves that the daemon has its newest files
        desk.paste(line)
    said, _ = running.communicate(timeout=120)
    assert ("it has ended well\n" in said) is (flavour_of_recipe == "buildkit"), said
    assert desk.built("al")[0]
    assert not desk.built("bo")[0]

    running = desk.build("al", "sleep 8641")
    desk.wait_for(lambda: desk.runs("sleep 8641"))
    desk.paste(at_once if flavour_of_recipe == "buildkit" else steps[1])
    desk.wait_for(lambda: not desk.runs("sleep 8641"))
    running.communicate(timeout=120)
    assert running.returncode
    assert desk.check().code == 0

    desk.engines.stop()
    desk.engines.boot()
    assert desk.check().code == 0
    assert desk.built("al")[0]


@pytest.mark.parametrize("flavour_of_recipe", ["buildkit"])
def test_haproxy_takes_a_revocation_up_without_ending_a_build_and_serves_as_a_user_of_its_own(
    desk: Desk, flavour_of_recipe: str
) -> None:
    daemon = ("buildkitd", "--group=haproxy", "--root=/var/lib/buildkitd-behind", "--containerd-worker=false")
    desk.engines.on("systemd-run", "--quiet", "--unit=buildkitd-behind", *daemon, "--oci-worker-net=bridge")
    brought_up(desk, "haproxy", flavour_of_recipe, "/srv/tls certs")
    recipe = desk.lead("daemon", "deploy", "build").out
    [once] = re.findall(r"once:  (ln -s .*)", recipe)
    desk.engines.on("sh", "-c", once)
    desk.paste(f"certkit daemon deploy build | ssh root@{HOST} install -m 644 /dev/stdin /etc/haproxy/haproxy.cfg")
    desk.engines.on("systemctl", "restart", "haproxy")
    assert desk.check().code == 0
    assert desk.built("bo")[0]
    assert "haproxy" in desk.engines.on("ps", "-o", "user=", "-C", "haproxy")

    running = desk.build("al", "sleep 7; echo it has ended well")
    desk.wait_for(lambda: desk.runs("sleep 7"))
    steps, _ = after_revoking(desk, "bo")
    for line in steps:
        desk.paste(line)
    assert not desk.built("bo")[0]
    said, _ = running.communicate(timeout=120)
    assert "it has ended well\n" in said


@pytest.mark.parametrize("flavour_of_recipe", ["buildkit"])
def test_a_build_by_flags_in_a_unit_of_ones_own_ends_by_what_is_printed_and_not_with_its_daemon(
    desk: Desk, flavour_of_recipe: str
) -> None:
    brought_up(desk, "flags", flavour_of_recipe, "/srv/tls certs")
    flags = desk.lead("daemon", "deploy", "build", "--service", "bare").out.replace("\\\n", " ").splitlines()[-1]
    unit = ("systemd-run", "--quiet", "--unit=bare", "--property=Restart=always", "--property=SuccessExitStatus=KILL")
    desk.engines.on(*unit, *shlex.split(flags), "--containerd-worker=false", "--root=/var/lib/buildkitd-behind")
    assert desk.check().code == 0
    running = desk.build("al", "sleep 8642")
    desk.wait_for(lambda: desk.runs("sleep 8642"))
    desk.engines.on("systemctl", "kill", "--signal=KILL", "bare")
    assert desk.runs("sleep 8642")

    steps, at_once = after_revoking(desk, "bo")
    desk.paste(steps[0])
    desk.paste(at_once)
    desk.wait_for(lambda: not desk.runs("sleep 8642"))
    running.communicate(timeout=120)
    assert desk.check().code == 0
    assert not desk.built("bo")[0]


@pytest.mark.parametrize("flavour_of_recipe", ["buildkit"])
def test_podman_starts_a_daemon_anew_that_hangs(desk: Desk, flavour_of_recipe: str) -> None:
    # A check of one that hangs takes 20 seconds: three of them, after the first minute, are waited for by people alone.
    sooner = "sed -e s/HealthStartPeriod=60s/HealthStartPeriod=1s/ -e s/HealthRetries=3/HealthRetries=1/"
    brought_up(desk, "podman", flavour_of_recipe, "/etc/buildkit-certs", sooner)

    def process() -> str:
        return desk.engines.on("podman", "inspect", "-f", "{{.State.Pid}}", SERVICE, check=False).strip()

    hanging = process()
    desk.engines.on("kill", "-STOP", hanging)
    desk.wait_for(lambda: process() not in {"", "0", hanging})
    assert desk.check().code == 0
