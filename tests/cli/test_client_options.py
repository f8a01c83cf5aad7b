"""enroll, probe and unenroll choose a client, and its configuration, by the same options."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.team import PERSON, Team, at, run

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team with a bundle for Alice in this folder."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        run("init", "--team", "acme", "--daemon", "tcp://127.0.0.2:1", "--name", "build")
        run("issue", PERSON, "--out", "alice.certkit", "--no-passphrase")
        yield made


@pytest.mark.parametrize("client", ["earthly", "earthbuild"])
def test_another_configuration_file_is_enrolled_probed_and_left(team: Team, capsys: Captured, client: str) -> None:
    chosen = ["--for", client, "--config", "ci.yml"]
    run("enroll", "alice.certkit", "--no-probe", *chosen)
    capsys.readouterr()
    assert main(["probe", *chosen]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert f"Probing tcp://127.0.0.2:1 (buildkit_host in {team.folder / 'ci.yml'})" in said
    run("unenroll", *chosen)
    assert not Path("ci.yml").exists()


@pytest.mark.parametrize("verb", ["enroll alice.certkit", "probe", "unenroll"])
def test_an_unknown_client_is_answered_with_those_that_are_known(team: Team, capsys: Captured, verb: str) -> None:
    assert main([*verb.split(), "--for", "bazel"]) == 2
    assert "Choose from earthly, earthbuild, buildctl, buildx." in capsys.readouterr().err


def test_a_probe_that_finds_no_daemon_says_where_it_looked(team: Team, capsys: Captured) -> None:
    Path("empty.yml").touch()
    assert main(["probe", "--for", "earthly", "--config", "empty.yml"]) == 3
    assert capsys.readouterr().out.splitlines()[0] == f"Found no daemon in {team.folder / 'empty.yml'}"
