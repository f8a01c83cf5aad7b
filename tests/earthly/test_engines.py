"""Which container engine the client takes: asked as the client asks, in its order, and as patiently."""

from pathlib import Path

import pytest

from certkit.earthly import engines
from certkit.earthly.clients import locate
from certkit.earthly.engines import find, of_client
from tests import patience

ROOT = 'case "$*" in *DockerRootDir*) echo /var/lib/docker;; esac'
DISGUISED = 'case "$*" in *DockerRootDir*) echo /var/lib/containers/storage;; esac'
ALIASED = 'case "$*" in *DockerRootDir*) exit 125;; *GraphRoot*) echo /var/lib/containers/storage;; esac'
ROOTLESS = 'case "$*" in *Rootless*) echo true;; esac'


class Programs:
    """A folder on PATH with the engines of a machine, which write down what they are asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.environ = {"PATH": f"{folder}:/bin:/usr/bin", "HOME": str(folder)}

    def add(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >>{self.log}\n{script}\n')
        path.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


def test_docker_is_asked_first_what_the_client_asks_it(programs: Programs) -> None:
    programs.add("docker", ROOT)
    programs.add("podman", ROOTLESS)
    assert find("auto", programs.environ).program == "docker"
    assert programs.asked == [
        "docker info",
        "docker info --format={{.SecurityOptions}}",
        "docker info --format={{.DockerRootDir}}",
        "docker ps",
    ]


@pytest.mark.parametrize("script", [DISGUISED, ALIASED])
def test_a_docker_that_is_podman_is_passed_over_for_podman(programs: Programs, script: str) -> None:
    programs.add("docker", script)
    assert "Podman in disguise" in find("auto", programs.environ).why_not
    programs.add("podman", ROOTLESS)
    assert find("auto", programs.environ).program == "podman"
    assert find("docker-shell", programs.environ).program == "docker"


@pytest.mark.parametrize("script", ["exit 1", '[ "$1" != ps ]', 'case "$*" in *SecurityOptions*) exit 2;; esac'])
def test_a_docker_that_does_not_answer_everything_is_none(programs: Programs, script: str) -> None:
    programs.add("docker", script)
    programs.add("podman", ROOTLESS)
    assert find("auto", programs.environ).program == "podman"
    assert not find("docker-shell", programs.environ).program


def test_a_socket_proxy_that_answers_only_ps_is_no_docker(programs: Programs) -> None:
    programs.add("docker", '[ "$1" = ps ]')
    assert find("auto", programs.environ).why_not.startswith("docker info fails")


def test_podman_must_say_whether_it_is_rootless(programs: Programs) -> None:
    programs.add("podman", "echo perhaps")
    assert "rootless" in find("auto", programs.environ).why_not
    programs.add("podman", ROOTLESS + "\necho warning >&2")
    assert find("podman-shell", programs.environ).program == "podman"
    assert programs.asked[-1] == "podman --log-level error ps"


@pytest.mark.parametrize("frontend", ["docker", "podman", "stub", ""])
def test_a_frontend_that_the_client_refuses_is_told(programs: Programs, frontend: str) -> None:
    programs.add("docker", ROOT)
    found = find(frontend, programs.environ)
    assert not found.program
    assert repr(frontend) in found.why_not
    assert found.is_refused


def test_the_configuration_says_which_engine(programs: Programs) -> None:
    programs.add("docker", ROOT)
    programs.add("podman", ROOTLESS)
    client = locate("earthly", programs.environ)
    client.directory.mkdir()
    client.config.write_text("global: {container_frontend: podman-shell}\n")
    assert of_client(client, programs.environ).program == "podman"


def test_without_docker_and_podman_there_is_none(tmp_path: Path) -> None:
    assert find("auto", {"PATH": str(tmp_path)}).why_not == "there is no docker here, and there is no podman here"
    assert not find("auto", {}).program


def test_an_engine_may_take_its_time(programs: Programs) -> None:
    programs.add("docker", "sleep 1\n" + ROOT)
    assert find("auto", programs.environ).program == "docker"


def test_an_engine_that_hangs_is_given_up(programs: Programs) -> None:
    programs.add("docker", "exec sleep 6000")
    with patience.ends():
        found = find("auto", programs.environ, 0.2)
    assert "docker info has not answered within 0.2 s" in found.why_not
    assert engines.PATIENCE > 30
