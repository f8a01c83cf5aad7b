"""The stand-in answers BuildKit's own client, and refuses as BuildKit's daemons do."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli.support.local_daemon import STANDIN, LocalDaemon
from tests import team as teams
from tests.daemons.build import programs
from tests.daemons.daemon import HOST, free_port
from tests.daemons.loopback import needs_ipv6
from tests.team import Files, Team


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Make a team."""
    return teams.found(tmp_path_factory.mktemp("acme"))


@pytest.fixture(params=[HOST, pytest.param("::1", marks=needs_ipv6)])
def standin(request: pytest.FixtureRequest, team: Team) -> Iterator[LocalDaemon]:
    """Run the stand-in with the team's files."""
    daemon = LocalDaemon(STANDIN, host=request.param, port=free_port(request.param))
    daemon.start(**team.daemon.as_arguments())
    yield daemon
    daemon.close()


def workers(daemon: LocalDaemon, ca: Path, *shown: str) -> subprocess.CompletedProcess[str]:
    client: list[str | Path] = [
        programs("earthly").buildctl,
        "--timeout=5",
        f"--addr={daemon.url}",
        f"--tlscacert={ca}",
        *shown,
    ]
    return subprocess.run([*client, "debug", "workers", "-v"], capture_output=True, text=True, check=False)


def pair(files: Files) -> tuple[str, str]:
    return f"--tlscert={files.cert}", f"--tlskey={files.key}"


def test_earthlys_own_client_is_served(real_daemons: None, standin: LocalDaemon, team: Team) -> None:
    assert "certkit stand-in" in workers(standin, team.device.ca, *pair(team.device)).stdout


def test_nobody_else_is(real_daemons: None, standin: LocalDaemon, team: Team, tmp_path: Path) -> None:
    stranger = teams.found(tmp_path).device
    assert workers(standin, team.device.ca).returncode != 0
    assert workers(standin, team.device.ca, *pair(stranger)).returncode != 0
