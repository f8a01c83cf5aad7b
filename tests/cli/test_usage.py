"""Command lines that cannot be read, and commands that are interrupted."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Lead

ISSUE = "certkit issue --help, for example: certkit issue alice@acme.example --out alice.certkit"


@pytest.mark.parametrize(
    ("command", "what", "remedy"),
    [
        ("isue", "there is no command 'isue'", "Did you mean issue? See certkit --help"),
        ("qqq", "there is no command 'qqq'", "See certkit --help"),
        ("daemon ad", "there is no command 'ad'", "Did you mean add? See certkit daemon --help"),
        ("--debug", "a command is missing", "See certkit --help"),
        ("issue", "missing argument 'PERSON'", f"See {ISSUE}"),
        ("issue alice", "missing option '--out'", f"See {ISSUE}"),
        ("issue alice --out", "option '--out' wants a value", "See certkit issue --help"),
        ("issue alice --out a --qqq", "there is no option '--qqq'", "See certkit issue --help"),
        ("enroll --forc x", "there is no option '--forc'", "Did you mean --for or --force? See certkit enroll --help"),
        ("enroll a b", "too many arguments: b", "See certkit enroll --help"),
        ("init --client-ca a", "option '--client-ca' wants 2 values", "See certkit init --help"),
        ("list --json=3", "option '--json' takes no value", "See certkit list --help"),
        ("log --last 0", "--last: 0 is less than 1", "See certkit log --help"),
        ("log --last x", "--last: 'x' is not a whole number", "See certkit log --help"),
        ("probe --timeout x", "--timeout: 'x' is not a number", "See certkit probe --help"),
        ("probe --timeout 99", "--timeout: 99.0 is not between 0.1 and 60", "See certkit probe --help"),
        ("rotate x", "role: 'x' is not one of 'server', 'client'", "See certkit rotate --help"),
        (
            "rotate",
            "missing argument 'role': server, client",
            "See certkit rotate --help, for example: certkit rotate client prepare",
        ),
    ],
)
def test_a_command_line_that_cannot_be_read_is_told_like_any_error(
    lead: Lead, command: str, what: str, remedy: str
) -> None:
    assert lead(*command.split()).complaint == (2, f"certkit: {what}", remedy)


@pytest.mark.parametrize("command", ["", "daemon", "authority"])
def test_without_a_command_the_help_is_shown(lead: Lead, command: str) -> None:
    ended = lead(*command.split())
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"Usage: certkit {command}".rstrip())
    assert "certkit: " not in ended.err


@pytest.mark.parametrize("command", ["", "daemon ", "daemon add ", "probe "])
def test_help_has_a_short_form(lead: Lead, command: str) -> None:
    ended = lead(*f"{command}-h".split())
    assert (ended.code, ended.err) == (0, "")
    assert ended == lead(*f"{command}--help".split())


@pytest.mark.usefixtures("home")
def test_an_interrupted_command_ends_with_130_and_leaves_nothing(lead: Lead, tmp_path: Path) -> None:
    assert lead("authority", "passphrase", "--passphrase-command", "echo violet anchor kettle").code == 0
    # One process, which says that it waits: a shell that is interrupted between two of its own may leave the second.
    Path("wait.py").write_text(
        "import pathlib, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "pathlib.Path('waiting').touch()\n"
        "time.sleep(60)\n"
    )
    settings = tmp_path / "home" / "team.yml"
    asks = f"exec {shlex.quote(sys.executable)} wait.py"
    settings.write_text(settings.read_text().replace("echo violet anchor kettle", asks))
    before = sorted(tmp_path.rglob("*"))
    command = subprocess.Popen(
        [sys.executable, "-m", "certkit", "issue", "alice", "--out", "alice", "--no-passphrase"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    while not Path("waiting").exists():
        time.sleep(0.05)
    os.killpg(command.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
    assert command.communicate(timeout=10)[0].strip() == b""
    assert command.returncode == 130
    Path("waiting").unlink()
    assert sorted(tmp_path.rglob("*")) == before
    assert lead("list", "--json").data == {"devices": []}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "command",
    [
        "init --team acme --daemon tcp://build:1",
        "issue alice --out nowhere/a",
        "sign nothing --person alice --out a",
        "show nobody",
        "log nobody",
        "revoke nobody",
        "reinstate nobody",
        "daemon add build tcp://build:1",
        "daemon renew nobody",
        "daemon check nobody",
        "rotate client retire",
        "rotate client nowhere",
        "list --home nowhere",
        "status --home nowhere",
        "probe --for nobody",
        "probe --ca ca.pem",
    ],
)
def test_an_error_leaves_nothing_on_stdout_where_json_is_wanted(lead: Lead, command: str) -> None:
    ended = lead(*command.split(), "--json")
    assert ended.code in {1, 2}
    assert ended.out == ""
    assert ended.err.startswith("certkit: ")
