"""`certkit probe` for buildctl and buildx, on the files that enroll wrote."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.daemons.build import programs
from tests.daemons.daemon import HOST, Start
from tests.team import PERSON, Team, at, run

Captured = pytest.CaptureFixture[str]
VARIABLE = "GRPC_ENFORCE_ALPN_ENABLED"


@pytest.fixture
def team(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team, and Alice's laptop with buildctl enrolled."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        monkeypatch.delenv(VARIABLE, raising=False)
        run("init", "--team", "acme", "--daemon", f"tcp://{HOST}:{port}", "--name", "build")
        run("issue", PERSON, "--out", "alice.certkit", "--no-passphrase")
        run("enroll", "alice.certkit", "--for", "buildctl", "--no-probe")
        yield made


@pytest.mark.parametrize("names", [(), ("--for", "buildctl"), ("--for", "buildx")])
def test_the_files_that_enroll_wrote_are_probed(
    team: Team, port: int, daemon_factory: Start, capsys: Captured, names: tuple[str, ...]
) -> None:
    daemon_factory("upstream", port=port, **team.daemon.as_arguments())
    capsys.readouterr()
    assert main(["probe", *names]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"Probing tcp://{HOST}:{port} (enrolled in acme for buildctl and buildx)"


def test_a_daemon_without_alpn_is_a_finding_whose_remedy_helps_a_new_buildctl(
    team: Team, port: int, daemon_factory: Start, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon_factory("earthly", port=port, **team.daemon.as_arguments())
    capsys.readouterr()
    assert main(["enroll", "alice.certkit", "--for", "buildctl", "--force"]) == 3
    said = capsys.readouterr().out
    assert "\nno-alpn\n" in said
    assert f"export {VARIABLE}=false\n" in said
    command = next(line for line in said.splitlines() if line.startswith("  buildctl"))
    assert "missing selected ALPN property" in buildctl(command)
    assert "linux/" in buildctl(command, **{VARIABLE: "false"})
    monkeypatch.setenv(VARIABLE, "false")
    assert main(["probe", "--for", "buildctl"]) == 0


@pytest.mark.parametrize("client", ["earthly", "buildx"])
def test_others_do_not_mind_a_daemon_without_alpn(
    team: Team, port: int, daemon_factory: Start, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    daemon_factory("earthly", port=port, **team.daemon.as_arguments())
    monkeypatch.setenv("EARTHLY_BUILDKIT_HOST", f"tcp://{HOST}:{port}")  # as where there is no Docker
    assert main(["enroll", "alice.certkit", "--for", client, "--force"]) == 0


def test_without_a_client_s_name_buildctl_is_thought_of_where_it_is_installed(
    team: Team, port: int, daemon_factory: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon_factory("earthly", port=port, **team.daemon.as_arguments())
    assert main(["probe"]) == 0
    monkeypatch.setenv("PATH", f"{programs('upstream').buildctl.parent}:/usr/bin:/bin")
    assert main(["probe"]) == 3


def test_where_earthly_is_enrolled_too_its_configuration_comes_first(team: Team, capsys: Captured) -> None:
    run("enroll", "alice.certkit", "--for", "earthly", "--no-probe")
    capsys.readouterr()
    main(["probe", "--timeout", "0.1"])
    assert "(buildkit_host in " in "".join(capsys.readouterr().out.splitlines(keepends=True)[:2])


def test_of_two_daemons_one_must_be_named(team: Team, capsys: Captured) -> None:
    run("daemon", "add", "arm", f"tcp://{HOST}:1")
    run("issue", PERSON, "--out", "both.certkit", "--no-passphrase")
    run("enroll", "both.certkit", "--for", "buildx", "--no-probe", "--force")
    assert main(["probe", "--for", "buildx"]) == 2
    assert f"Add --daemon tcp://{HOST}:1" in capsys.readouterr().err
    assert main(["probe", "--for", "buildx", "--daemon", f"tcp://{HOST}:1"]) == 3
    assert f"Probing tcp://{HOST}:1 (enrolled in acme" in capsys.readouterr().out


def test_where_they_are_not_enrolled_it_says_how(team: Team, capsys: Captured) -> None:
    run("unenroll")
    assert main(["probe", "--for", "buildx"]) == 1
    assert "certkit enroll FILE --for buildctl" in capsys.readouterr().err


def buildctl(command: str, **environ: str) -> str:
    """Run a command as it was printed, with the newest buildctl; give what it says."""
    path = f"{programs('upstream').buildctl.parent}:/usr/bin:/bin"
    done = subprocess.run(
        command, shell=True, env={"PATH": path} | environ, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr
