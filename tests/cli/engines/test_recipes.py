"""Every recipe brings a daemon up that builds, takes new files, does to builds what it says, and survives a reboot."""

import re

import pytest

from tests.cli.engines.conftest import Desk
from tests.engines.machine import HOST

pytestmark = pytest.mark.real

URL = f"tcp://{HOST}:8372"
RECIPES = [
    ("systemd", "buildkit", "/srv/tls certs"),
    ("docker", "buildkit", "/etc/buildkit-certs"),
    ("docker", "earthly", "/etc/buildkit-certs"),
    ("compose", "buildkit", "/srv/tls certs"),
    ("podman", "buildkit", "/srv/tls certs"),
]


def brought_up(desk: Desk, kind: str, flavour: str, certs: str) -> None:
    """Make a team, and paste what its first daemon's host needs."""
    assert desk.lead("init", "--team", "acme", "--daemon", "tcp://first.acme.example:1").code == 0
    said = ("--as", kind, "--flavour", flavour, "--certs", certs)
    added = desk.lead("daemon", "add", "build", URL, *said)
    assert added.code == 0, added.err
    assert desk.lead("daemon", "remove", "first").code == 0
    for each in ("al", "bo"):
        desk.enroll(each)
    lines = [line.strip() for line in added.out.splitlines() if re.match(r" {7}(ssh|scp|tar|certkit) ", line)]
    if kind == "docker":
        lines = [*lines[:2], f"certkit daemon deploy build | ssh root@{HOST} sh", lines[-1]]
    for line in lines:
        desk.paste(line)


def after_revoking(desk: Desk, person: str) -> tuple[list[str], str]:
    """Revoke somebody; return the lines to paste, and the one that ends everything at once."""
    lines = [line.strip() for line in desk.lead("revoke", person).out.splitlines() if line.startswith("  ")]
    *_, at_once = [line.removeprefix("#").strip() for line in lines if line.startswith("#   ")]
    return [line for line in lines if not line.startswith("#")], at_once


@pytest.mark.parametrize(("kind", "flavour_of_recipe", "certs"), RECIPES)
def test_a_recipe_builds_and_restarts_gently_and_at_once_and_comes_back(
    desk: Desk, kind: str, flavour_of_recipe: str, certs: str
) -> None:
    brought_up(desk, kind, flavour_of_recipe, certs)
    assert desk.built("al")[0]

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
