"""The program as people and pipes meet it: colours, widths, other alphabets, and readers that leave."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.conftest import ALICE, Lead
from tests.cli.terminal import as_seen, on_terminal

PROGRAM = [sys.executable, "-m", "certkit"]
LONG = "x" * 64
PROBE = ["probe", "--for", "earthly", "--daemon", "tcp://127.0.83.2:1"]


@pytest.fixture
def crowd(lead: Lead, home: Path) -> None:
    """Let some people in, one with the longest of names."""
    for person in (ALICE, LONG, "Žofie Nováková"):
        lead("issue", person, "--device", "a-device-with-a-name", "--out", person, "--no-passphrase")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program with its output in a pipe."""
    return subprocess.run(
        [*PROGRAM, *arguments], env=os.environ | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("command", [["list"], ["log"], ["status"], ["show", LONG], ["daemon", "list"]])
def test_nothing_is_lost_or_broken_in_80_columns(command: list[str]) -> None:
    code, shown = on_terminal(command, columns=80)
    assert code in {0, 3}
    lines = as_seen(shown)
    assert max(map(len, lines)) <= 80
    shown_words, all_words = (Counter(text.split()) for text in ("\n".join(lines), run(*command).stdout))
    assert shown_words == all_words


def test_prose_is_broken_between_words_and_a_command_is_not(home: Path) -> None:
    narrow = {"COLUMNS": "60"}
    lines = as_seen(on_terminal(["daemon", "check", "build", "--timeout", "0.1"], environment=narrow)[1])
    assert max(map(len, lines)) <= 60
    assert " ".join(lines).startswith("build is not proven to hold its newest files: ")
    command = "Nobody yet. Issue the first: certkit issue alice@acme.example --out alice.certkit"
    assert command in as_seen(on_terminal(["list"], environment=narrow)[1])


@pytest.mark.usefixtures("crowd")
def test_what_no_line_has_room_for_stays_whole() -> None:
    assert LONG in as_seen(on_terminal(["list"], columns=40)[1])


@pytest.mark.usefixtures("crowd")
def test_in_a_pipe_there_is_no_colour_and_no_line_is_cut() -> None:
    done = run("list")
    assert "\x1b" not in done.stdout
    assert f"{LONG}  a-device-with-a-name  valid" in done.stdout
    assert not [line for line in done.stdout.splitlines() if line != line.rstrip()]


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("command", [["list"], PROBE])
def test_no_color_is_honoured_on_a_terminal(command: list[str]) -> None:
    assert "\x1b[" in on_terminal(command)[1]
    assert "\x1b" not in on_terminal(command, environment={"NO_COLOR": "1"})[1]


@pytest.mark.parametrize(("environment", "columns"), [({}, 80), ({"COLUMNS": "60"}, 60)])
def test_a_probe_in_a_pipe_keeps_its_prose_narrow(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], columns: int
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = run(*PROBE, **environment).stdout.splitlines()
    unbroken = " " * 12, os.environ["HOME"]  # commands, which are indented further, and paths
    prose = [line for line in lines[1:] if not line.startswith(unbroken[0]) and unbroken[1] not in line]
    assert columns - 20 < max(map(len, prose)) <= columns


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("command", ["list", "log", "status", "list --json", "show build", "--help"])
def test_a_reader_that_leaves_early_is_no_defect(command: str) -> None:
    program = " ".join(PROGRAM)
    done = subprocess.run(
        ["bash", "-c", f"{program} {command} | head -c 1 > /dev/null"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


CLOSED = """\
certkit: standard output cannot be written: Bad file descriptor
It is closed: let it lead to a file, or to /dev/null.
"""
FULL = "certkit: standard output cannot be written: No space left on device\nFree some space where it leads.\n"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["log", "list", "list --json", "status", "--help", "list --help", "--version"])
def test_a_disk_that_is_full_is_told_as_that(command: str, unbuffered: str) -> None:
    done = run_into("/dev/full", *command.split(), PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (1, FULL)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["log", "list --json", "--help"])
def test_a_reader_that_has_left_before_ends_a_command_with_1_and_no_words(command: str, unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run_into(writer, *command.split(), PYTHONUNBUFFERED=unbuffered)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("command", ["list", "log", "--version"])
def test_a_command_whose_error_output_is_full_keeps_its_exit_code(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, *command.split()], stdout=subprocess.PIPE, stderr=full, check=False)
        wrong = subprocess.run([*PROGRAM, "qqq"], stdout=subprocess.PIPE, stderr=full, check=False)
    assert (done.returncode, wrong.returncode) == (0, 2)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_passphrase_that_could_not_be_shown_is_told_with_the_way_to_another(more: list[str], unbuffered: str) -> None:
    done = run_into("/dev/full", "issue", "al", "--device=desk", "--out=a b", *more, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    what, remedy = done.stderr.splitlines()
    assert what == "certkit: a b is not kept: its passphrase could not be shown: No space left on device"
    assert remedy.endswith("issue again: certkit issue al --device desk --out 'a b'")
    assert not Path("a b").exists()
    assert run(*remedy.partition("certkit ")[2].replace("'a b'", "again").split()).returncode == 0


@pytest.mark.usefixtures("home")
def test_a_backup_whose_passphrase_could_not_be_shown_is_told() -> None:
    master, terminal = os.openpty()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "backup", "b"], stdin=terminal, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    os.close(terminal)
    os.close(master)
    assert done.returncode == 1
    assert done.stderr.startswith("certkit: b is not kept: its passphrase could not be shown: ")
    assert done.stderr.endswith("make another: certkit backup b\n")
    assert not Path("b").exists()


@pytest.mark.usefixtures("home")
def test_a_standard_output_that_is_closed_loses_no_secret_and_no_file() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(PROGRAM)} issue al --out a >&-"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "could not be shown: there is no standard output" in done.stderr
    assert not Path("a").exists()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("command", ["list", "log --json", "daemon deploy build", "--help"])
def test_a_result_that_a_closed_standard_output_does_not_take_is_told(command: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(PROGRAM)} {command} >&-"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        CLOSED,
    )


def run_into(place: str | int, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program with its output in a file, or in a descriptor."""
    with open(place, "w", closefd=isinstance(place, str)) as out:
        return subprocess.run(
            [*PROGRAM, *arguments],
            env=os.environ | environment,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_alphabet_loses_no_passphrase(encoding: str) -> None:
    done = run("issue", "Žofie", "--device", "desk", "--out", "a", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Issued \\u017dofie, device desk" in done.stdout
    assert "Passphrase  " in done.stdout
    assert run("list", PYTHONIOENCODING=encoding).returncode == 0


def test_interrupting_a_question_ends_it_quietly(lead: Lead, tmp_path: Path) -> None:
    arguments = ["init", "--team", "acme", "--daemon", "tcp://build:1", "--passphrase"]
    code, shown = on_terminal(arguments, {"New passphrase": "\x03"})
    assert code != 0
    assert "Traceback" not in shown
    assert not (tmp_path / "home").exists()
