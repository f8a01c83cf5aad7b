"""`certkit enroll` as a CI system runs it: the bundle and its passphrase come from pipes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.team import PERSON, Team, at, run

Captured = pytest.CaptureFixture[str]
SECRET = "correct-kettle-violet-anchor-mango-seven"
CERTKIT = f"{sys.executable} -m certkit"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team with a sealed bundle for Alice, and its passphrase, in this folder."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        Path("secret").write_text(SECRET)
        Path("secret").chmod(0o600)
        run("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--name", "build")
        run("issue", PERSON, "--out", "alice.certkit", "--passphrase-file", "secret")
        monkeypatch.setenv("BUNDLE", Path("alice.certkit").read_text())
        monkeypatch.setenv("PASSPHRASE", SECRET)
        yield made


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a CI's script."""
    root = Path(__file__).parents[2]
    return subprocess.run(
        ["bash", "-c", command],
        env=os.environ | {"PYTHONPATH": str(root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        f'printf %s "$BUNDLE" | {CERTKIT} enroll - --passphrase-file <(printf %s "$PASSPHRASE") --no-probe',
        f'{CERTKIT} enroll <(printf %s "$BUNDLE") --passphrase-file secret --no-probe',
        f'printf %s "$BUNDLE" | base64 | {CERTKIT} enroll - --passphrase-file secret --no-probe',
        f"{CERTKIT} enroll /dev/stdin --passphrase-file secret --no-probe < alice.certkit",
        f'printf %s "$PASSPHRASE" | {CERTKIT} enroll alice.certkit --passphrase-file - --no-probe',
        f'(sleep 1; printf %s "$BUNDLE") | {CERTKIT} enroll - --passphrase-file secret --no-probe',
    ],
)
def test_bundle_and_passphrase_may_come_from_pipes(team: Team, command: str) -> None:
    done = shell(command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Enrolled in acme as {PERSON}\n")
    assert team.device.key.exists()


def test_the_example_in_the_help_is_one_of_them(capsys: Captured) -> None:
    assert main(["enroll", "--help"]) == 0
    line = 'printf %s "$BUNDLE" | certkit enroll - --passphrase-file <(printf %s "$PASSPHRASE")'
    assert line in capsys.readouterr().out


def test_a_pipe_without_end_is_not_read_to_its_end(team: Team, capsys: Captured) -> None:
    assert main(["enroll", "/dev/zero"]) == 1
    assert "certkit: /dev/zero is larger than" in capsys.readouterr().err
    assert main(["enroll", "alice.certkit", "--passphrase-file", "/dev/zero"]) == 1
    assert "certkit: /dev/zero is larger than 4096 bytes" in capsys.readouterr().err


def test_what_is_wrong_with_standard_input_is_said_of_it(team: Team) -> None:
    done = shell(f"echo nothing | {CERTKIT} enroll -")
    assert done.returncode == 1
    assert done.stderr.startswith("certkit: /dev/stdin: this bundle cannot be used")


def test_one_input_cannot_be_both(team: Team, capsys: Captured) -> None:
    assert main(["enroll", "-", "--passphrase-file", "-"]) == 2
    assert "one file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "mistyped", [["--for", "bazel"], ["--daemon", "arm"], ["--team", "../acme"], ["--config", "x", "--for", "buildx"]]
)
def test_nobody_is_asked_to_compare_before_a_mistake_is_told(team: Team, capsys: Captured, mistyped: list[str]) -> None:
    run("issue", PERSON, "--out", "clear.certkit", "--no-passphrase")
    capsys.readouterr()
    assert main(["enroll", "clear.certkit", "--no-probe", *mistyped]) == 2
    assert "SHA-256" not in capsys.readouterr().err


def test_of_two_server_authorities_each_is_named(team: Team, capsys: Captured) -> None:
    run("rotate", "server", "prepare")
    run("issue", PERSON, "--out", "both.certkit", "--no-passphrase")
    capsys.readouterr()
    run("enroll", "both.certkit", "--no-probe")
    told = capsys.readouterr().err
    assert "\n  acme server authority\n    SHA-256  " in told
    assert "\n  acme server authority 2\n    SHA-256  " in told
