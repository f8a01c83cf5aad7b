"""`certkit probe`: what it prints, and how it exits."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from certkit.cli import main
from certkit.cli.support.probe_report import show
from certkit.probe import Check, Report
from tests.daemons.daemon import Daemon
from tests.team import Files

PROGRAM = (sys.executable, "-m", "certkit")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")
KEYS = {"id", "title", "status", "severity", "seen", "meaning", "remedy", "fields", "ms"}


def _arguments(url: str, files: Files, *more: str) -> list[str]:
    named = ["--ca", files.ca, "--cert", files.cert, "--key", files.key]
    return ["probe", "--daemon", url, *map(str, named), *more]


def test_all_is_well_in_one_line_a_stage(standing: Daemon, alice: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_arguments(standing.url, alice)) == 0
    out, err = capsys.readouterr()
    assert [line.split()[1] for line in out.splitlines() if line.startswith("  ✓")] == [
        "configuration", "files", "network", "TLS", "BuildKit", "enforcement",
    ]  # fmt: skip
    assert out.endswith(f"All is well at {standing.url}.\n")
    assert err == ""


def test_a_finding_comes_with_its_meaning_and_its_remedy_and_exit_code_3(
    standing: Daemon, alice: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_arguments(standing.url, alice, "--server-name", "other.test")) == 3
    out = capsys.readouterr().out
    assert "\ndaemon-misnamed\n  Seen     the certificate does not name other.test" in out
    assert "\n  Means    Earthly refuses" in out
    assert "\n             certkit daemon renew NAME --san other.test\n" in out
    assert out.endswith("1 finding\n")


def test_a_warning_is_marked_and_lets_a_script_go_on(
    standing: Daemon, alice: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exposed = _exposed(alice, tmp_path)
    assert main(_arguments(standing.url, exposed)) == 0
    out = capsys.readouterr().out
    assert re.search("^  ! files ", out, re.MULTILINE)
    assert "\nkey-not-private (warning)\n  Seen " in out
    assert out.endswith(f"All is well at {standing.url}, with 1 warning: key-not-private\n")
    assert main(_arguments(standing.url, exposed, "--json")) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["ok"]
    assert {check["severity"] for check in data["checks"]} == {None, "warning"}
    for more in ((), ("--json",), ("--quiet",)):
        assert main(_arguments(standing.url, exposed, "--fail-on", "warning", *more)) == 3
    assert main(_arguments(standing.url, alice, "--fail-on", "warning")) == 0


def test_an_error_beside_a_warning_ends_with_3(
    standing: Daemon, alice: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exposed = _exposed(alice, tmp_path)
    assert main(_arguments(standing.url, exposed, "--server-name", "other.test")) == 3
    assert capsys.readouterr().out.endswith("1 finding, and 1 warning: key-not-private\n")


def test_quiet_prints_only_what_is_wrong(
    standing: Daemon, alice: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_arguments(standing.url, alice, "--quiet")) == 0
    assert capsys.readouterr() == ("", "")
    assert main(_arguments(standing.url, _exposed(alice, tmp_path), "--quiet")) == 0
    assert capsys.readouterr().out.startswith("key-not-private (warning)\n  Seen ")
    assert main(_arguments(standing.url, alice, "--quiet", "--server-name", "other.test")) == 3
    out = capsys.readouterr().out
    assert out.startswith("daemon-misnamed\n")
    assert "enforcement" not in out


def _exposed(files: Files, folder: Path) -> Files:
    """Copy three files, the key readable by all."""
    for path in (files.ca, files.cert, files.key):
        shutil.copy(path, folder)
    copied = Files.of(folder)
    copied.key.chmod(0o644)
    return copied


def test_json_holds_every_check_whole(standing: Daemon, alice: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_arguments(standing.url, alice, "--server-name", "other.test", "--json")) == 3
    data = json.loads(capsys.readouterr().out)
    assert data.keys() == {"ok", "daemon", "checks"}
    assert not data["ok"]
    assert data["daemon"] == standing.url
    assert all(check.keys() == KEYS for check in data["checks"])
    assert {check["status"] for check in data["checks"]} == {"ok", "finding", "skipped"}


def test_without_any_client_there_is_nothing_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert main(["probe"]) == 1
    assert "neither Earthly nor EarthBuild" in capsys.readouterr().err


def test_an_unknown_client_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--for", "make"]) == 2
    assert "earthly, earthbuild" in capsys.readouterr().err


HOSTILE = Report(
    "tcp://build.acme.example:8372",
    "given explicitly",
    (
        Check("files", "files", "ok", "key matches", ms=1.0),
        Check(
            "key-not-private",
            "TLS",
            "finding",
            "\x1b[2J\u202e" + "long " * 60,
            "it\x07 means",
            2.0,
            fields={"path": "\x1b[1m it"},
        ),
        Check("buildkit", "BuildKit", "skipped", "not reached"),
    ),
)


def test_nothing_from_outside_reaches_the_terminal_raw(capsys: pytest.CaptureFixture[str]) -> None:
    show(HOSTILE)
    out = capsys.readouterr().out
    assert not {char for char in out if not char.isprintable()} - {"\n"}
    assert "\\x1b[2J\\u202elong" in out
    assert "\n             chmod 600 '\\x1b[1m it'\n" in out


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_nothing_is_lost_on_a_terminal_of(columns: int) -> None:
    out = _on_a_terminal({"COLUMNS": str(columns)})
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert plain.count("long") == 120
    assert max(map(len, plain.splitlines())) <= columns
    assert "\x1b[" in out


def test_no_color_is_honoured() -> None:
    assert COLOUR.search(_on_a_terminal({"COLUMNS": "80"}))
    assert not COLOUR.search(_on_a_terminal({"NO_COLOR": "1", "COLUMNS": "80"}))


def _on_a_terminal(environ: dict[str, str]) -> str:
    leader, follower = pty.openpty()
    script = "from tests.cli.test_probe import HOSTILE, show; show(HOSTILE)"
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    subprocess.run(
        [sys.executable, "-c", script], stdout=follower, env=inherited | {"TERM": "xterm"} | environ, check=True
    )
    os.close(follower)
    said = b""
    try:
        while chunk := os.read(leader, 65536):
            said += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(leader)
    return said.decode().replace("\r\n", "\n")


def test_it_prints_where_there_is_only_ascii(standing: Daemon, alice: Files) -> None:
    ended = subprocess.run(
        [*PROGRAM, *_arguments(standing.url, alice)],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert b"  + enforcement" in ended.stdout
