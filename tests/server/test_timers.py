"""The timer that renews: set by `enroll CODE`, removed by `unenroll`, of whichever keeper works."""

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certkit.earthly.user import User
from certkit.enroll import timers
from tests.cli.conftest import ALICE, Ended, Lead
from tests.server import programs
from tests.server.running import Server

RENEW = f"{sys.executable} -m certkit renew --if-needed"


def enroll(lead: Lead, *options: str) -> Ended:
    """Use a new code."""
    code = lead("invite", ALICE, "--json").data["code"]
    return lead("enroll", code, "--no-probe", "--for", "buildctl", *options)


def units() -> list[str]:
    """Return the user's units."""
    return sorted(path.name for path in (Path.home() / ".config" / "systemd" / "user").glob("*"))


def test_enroll_sets_a_timer_of_systemd_and_unenroll_removes_it(lead: Lead, server: Server, played: Path) -> None:
    ended = enroll(lead)
    assert "timer   systemd renews the certificate when it is time" in ended.out
    assert units() == ["certkit-renew.service", "certkit-renew.timer"]
    assert (played / "log").read_text().splitlines()[-1] == "systemctl --user enable --now certkit-renew.timer"
    assert f"ExecStart={RENEW}" in (Path.home() / ".config/systemd/user/certkit-renew.service").read_text()
    assert not (played / "table").exists()
    assert lead("unenroll").code == 0
    assert units() == []
    assert "systemctl --user disable --now certkit-renew.timer" in (played / "log").read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_units(lead: Lead, server: Server) -> None:
    enroll(lead)
    paths = [str(Path.home() / ".config" / "systemd" / "user" / name) for name in units()]
    analyze = ["systemd-analyze", "verify", "--user", "--man=no", *paths]
    done = subprocess.run(analyze, capture_output=True, text=True, check=False)
    assert "certkit-renew" not in done.stderr, done.stderr


def test_where_systemd_does_not_work_cron_renews_and_other_lines_stay(
    lead: Lead, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = programs.play(tmp_path, monkeypatch, systemd=False)
    (place / "table").write_text("5 4 * * * mine\n")
    for _ in range(2):
        assert "timer   cron renews" in enroll(lead).out
    mine, renewal = (place / "table").read_text().splitlines()
    assert mine == "5 4 * * * mine"
    assert renewal.startswith(f"17 */6 * * * {RENEW} 2>> ")
    lead("unenroll")
    assert (place / "table").read_text() == "5 4 * * * mine\n"


def test_where_nothing_works_it_is_said_what_to_run(
    lead: Lead, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.play(tmp_path, monkeypatch, systemd=False, cron=False)
    ended = enroll(lead)
    assert ended.code == 0
    assert ended.err.splitlines()[-1] == "  certkit renew --if-needed"


def test_who_wants_no_timer_gets_none_and_a_bundle_sets_none(lead: Lead, server: Server, played: Path) -> None:
    enroll(lead, "--no-timer")
    lead("unenroll")
    lead("issue", ALICE, "--out", "a", "--no-passphrase")
    lead("enroll", "a", "--no-probe")
    assert units() == []
    assert not (played / "log").exists()


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=20))
def test_any_path_is_one_word_to_each_keeper(word: str) -> None:
    command, log = [f"/{word}/python", "renew"], Path("/a log")
    assert plistlib.loads(timers.agent(command, log))["ProgramArguments"] == command
    [line] = timers.table_with("", command, log).splitlines()
    shown = line.removeprefix("17 */6 * * * ").replace("\\%", "%").partition(" 2>> ")[0]
    assert words_of(shown) == command if "2>>" not in word else True
    assert timers.service(command).count("ExecStart=") == 1


def words_of(line: str) -> list[str]:
    """Split a line as a shell does."""
    return shlex.split(line)


def test_a_program_that_uvx_runs_is_run_by_uvx_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "uvx").write_text("#!/bin/sh\n")
    (tmp_path / "uvx").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert timers.renewing()[0] == sys.executable
    monkeypatch.setattr(sys, "prefix", "/home/alice/.cache/uv/archive-v0/x7f")
    assert timers.renewing() == [str(tmp_path / "uvx"), "certkit", "renew", "--if-needed"]


def test_launchd_is_told_where_there_is_no_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = programs.play(tmp_path, monkeypatch, systemd=False)
    shutil.copy(place / "systemctl", place / "launchctl")
    (place / "launchctl").write_text((place / "launchctl").read_text().replace("exit 1", "exit 0"))
    user = User(tmp_path)
    assert timers.start(user, os.environ) is timers.Keeper.LAUNCHD
    [agent] = (tmp_path / "Library" / "LaunchAgents").iterdir()
    assert plistlib.loads(agent.read_bytes())["StartInterval"] == 6 * 3600
    timers.stop(user, os.environ)
    assert not agent.exists()
