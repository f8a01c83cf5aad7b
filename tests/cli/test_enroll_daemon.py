"""After `certkit enroll` a real daemon serves this machine, and the words prove it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.daemons.build import programs
from tests.daemons.daemon import HOST, Start
from tests.team import PERSON, Team, at, run

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def team(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team whose bundle for Alice waits in this folder."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("EARTHLY_BUILDKIT_HOST", f"tcp://{HOST}:{port}")  # as where there is no Docker
        run("init", "--team", "acme", "--daemon", f"tcp://{HOST}:{port}", "--name", "build")
        run("issue", PERSON, "--out", "alice.certkit", "--no-passphrase")
        yield made


def test_enrolling_ends_with_a_proof(
    team: Team, port: int, flavour: str, daemon_factory: Start, capsys: Captured
) -> None:
    daemon_factory(flavour, port=port, **team.daemon.as_arguments())
    assert main(["enroll", "alice.certkit", "--for", "earthly"]) == 0
    assert capsys.readouterr().out.endswith(f"Earthly builds now run on {HOST}.\n")


def test_the_command_for_buildctl_works_as_it_is_printed(
    team: Team, port: int, flavour: str, daemon_factory: Start, capsys: Captured
) -> None:
    daemon_factory(flavour, port=port, **team.daemon.as_arguments())
    negotiates_alpn = flavour == "upstream"  # else that is found, although the fork's own buildctl does not mind
    assert main(["enroll", "alice.certkit", "--for", "buildctl"]) == (0 if negotiates_alpn else 3)
    command = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("  buildctl"))
    path = f"{programs(flavour).buildctl.parent}:/usr/bin:/bin"
    done = subprocess.run(command, shell=True, env={"PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "linux/" in done.stdout


def test_enrolled_with_findings_is_told_by_the_exit_code(team: Team, capsys: Captured) -> None:
    assert main(["enroll", "alice.certkit", "--for", "earthly"]) == 3
    said = capsys.readouterr().out
    assert "Enrolled in acme" in said
    assert "nobody-listening" in said
    assert "builds now run" not in said
