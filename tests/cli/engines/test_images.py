"""What the templates say of certkit in a container: the images are built, and what runs in them does its work."""

import json
import os
import platform
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.engines.conftest import Desk
from tests.cli.engines.test_recipes import URL, brought_up
from tests.engines.machine import ENGINES, HOST, Machine, reason_to_skip
from tests.environment import CHECKOUT
from tests.packaging.wheel import build, pip
from tests.server.running import Server

pytestmark = pytest.mark.real

DESK = "10.78.0.1"
"""This machine, as that of the engines reaches it."""
TEMPLATES = CHECKOUT / "templates"
PLACE = "/srv/certkit"
PYTHON = """\
FROM engine-base
RUN rm -f /usr/lib/python3*/EXTERNALLY-MANAGED && ln -s /usr/bin/python3 /usr/local/bin/python
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
COPY wheels /wheels
"""
DOCKER = "FROM engine-base\nRUN cp /usr/bin/docker /usr/local/bin/docker\n"
"""Of the images that the templates begin with, which come from a registry: Debian's Python and Docker's program."""


@pytest.fixture
def flavour_of_recipe() -> str:
    return "buildkit"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fetch all that certkit needs in an image, beside certkit's own wheel, if there is a machine for it."""
    if reason := reason_to_skip(ENGINES):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("wheels")
    own = build(folder)
    kinds = [f"--platform=manylinux_2_{each}_{platform.machine()}" for each in (17, 28, 34)]
    pip(
        "download",
        f"--dest={folder}",
        "--python-version=3.13",
        "--only-binary=:all:",
        *kinds,
        f"{own}[server,postgres]",
    )
    return folder


@pytest.fixture
def images(engines: Machine, wheels: Path, tmp_path: Path) -> Iterator[Machine]:
    """Put what the images begin with where a registry's would be, and the templates beside."""
    for reference, dockerfile in (("python:3.13-slim", PYTHON), ("docker:28-cli", DOCKER)):
        context = tmp_path / reference.partition(":")[0]
        context.mkdir()
        (context / "Dockerfile").write_text(dockerfile)
        if dockerfile is PYTHON:
            shutil.copytree(wheels, context / "wheels")
        engines.image(reference, context)
    for kind in ("server", "sync"):
        shutil.copytree(TEMPLATES / kind, engines.root / PLACE.lstrip("/") / kind, dirs_exist_ok=True)
    yield engines
    for kind in ("server", "sync"):
        compose(engines, kind, "down", "--volumes")


def compose(machine: Machine, kind: str, *words: str) -> str:
    """Run compose in the folder of a template."""
    return machine.on("sh", "-c", f"cd {PLACE}/{kind} && docker compose {shlex.join(words)}")


def test_a_daemon_s_host_syncs_in_a_container_and_a_revocation_ends_no_build(desk: Desk, images: Machine) -> None:
    brought_up(desk, "docker", "buildkit", "/etc/buildkit-certs")
    server = Server(Path(os.environ["CERTKIT_HOME"]), host=DESK)
    try:
        compose(images, "sync", "build", "--quiet")
        code = desk.lead("invite", "--daemon", "build", "--json").data["code"]
        enrolled = compose(images, "sync", "run", "--rm", "sync", "enroll", code)
        assert "This machine is the host of build of acme now" in enrolled
        [once] = re.findall(r"^#   docker compose (run .* sync daemon sync .*)$", text_of(images, "sync"), re.MULTILINE)
        assert "build holds publication 1, proven" in compose(images, "sync", *shlex.split(once))
        compose(images, "sync", "up", "--detach")

        running = desk.build("al", "sleep 7; echo it has ended well")
        desk.wait_for(lambda: desk.runs("sleep 7"))
        desk.lead("revoke", "bo")
        desk.wait_for(lambda: outcome(desk) == "waiting")
        said, _ = running.communicate(timeout=120)
        assert "it has ended well\n" in said
        desk.wait_for(lambda: outcome(desk) == "proven")
        assert desk.built("al")[0]
        assert not desk.built("bo")[0]
        compose(images, "sync", "stop")
        interrupted = images.on("docker", "inspect", "--format={{.State.ExitCode}}", "sync-sync-1").strip()
        assert interrupted == "130"  # and not killed at last
    finally:
        server.stop()
        print(compose(images, "sync", "logs", "--no-color"))


def text_of(machine: Machine, kind: str) -> str:
    """Return a compose file."""
    return (machine.root / PLACE.lstrip("/") / kind / "compose.yaml").read_text()


def outcome(desk: Desk) -> object:
    """Return what the daemon's host has said last."""
    [daemon] = desk.lead("daemon", "list", "--json").data["daemons"]
    return daemon["sync"] and daemon["sync"]["outcome"]


def test_a_server_in_a_container_enrolls_and_keeps_its_home_when_the_container_is_made_anew(
    desk: Desk, images: Machine
) -> None:
    file = images.root / PLACE.lstrip("/") / "server" / "compose.yaml"
    file.write_text(file.read_text().replace("https://ca.acme.example:8443", f"https://{HOST}:8443"))
    compose(images, "server", "build", "--quiet")
    made = compose(images, "server", "run", "--rm", "server", "init", "--team", "acme", "--daemon", URL)
    assert "Created the team acme" in made
    for device in ("one", "two"):
        compose(images, "server", "up", "--detach", "--force-recreate")
        invited = ("exec", "-T", "server", "certkit", "invite", "al", "--device", device, "--json")
        desk.wait_for(lambda: "serving" in compose(images, "server", "logs", "server"))
        code = json.loads(compose(images, "server", *invited))["code"]
        with desk.at(device):
            enrolled = desk.lead("enroll", code, "--no-probe", "--no-timer", "--for", "buildctl")
        assert (enrolled.code, "Enrolled in acme as al\n" in enrolled.out) == (0, True), enrolled
