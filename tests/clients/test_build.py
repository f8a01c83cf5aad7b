"""A real build, by BuildKit's own client, through every flavour's real daemon, with what certkit issued."""

import subprocess
from pathlib import Path

import pytest

from tests import team as teams
from tests.daemons.daemon import Daemon, Start
from tests.team import Files, Team


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Make a team with a daemon."""
    return teams.found(tmp_path_factory.mktemp("acme"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write what is built: a file in an image of its own, which needs no registry."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY greeting /greeting\n")
    (tmp_path / "greeting").write_text("hello")
    return tmp_path


def build(daemon: Daemon, files: Files, source: Path) -> subprocess.CompletedProcess[str]:
    client = [str(daemon.programs.buildctl), f"--addr={daemon.url}", "--timeout=5"]
    shown = [f"--tlscacert={files.ca}", f"--tlscert={files.cert}", f"--tlskey={files.key}"]
    what = ["build", "--frontend=dockerfile.v0", f"--local=context={source}", f"--local=dockerfile={source}"]
    where = [f"--output=type=local,dest={source / 'out'}"]
    return subprocess.run([*client, *shown, *what, *where], capture_output=True, text=True, check=False)


def test_an_enrolled_laptop_builds(daemon_factory: Start, flavour: str, team: Team, source: Path) -> None:
    daemon = daemon_factory(flavour, **team.daemon.as_arguments())
    built = build(daemon, team.device, source)
    assert built.returncode == 0, built.stderr
    assert (source / "out" / "greeting").read_text() == "hello"


def test_a_laptop_of_another_team_of_the_same_name_does_not(
    daemon_factory: Start, flavour: str, team: Team, source: Path
) -> None:
    other = teams.found(source / "other").device
    daemon = daemon_factory(flavour, **team.daemon.as_arguments())
    refused = build(daemon, Files(team.device.ca, other.cert, other.key), source)
    assert refused.returncode != 0
    assert not (source / "out").exists()
