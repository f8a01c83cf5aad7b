"""A home is opened only by who owns it, and only as the team that it was made for."""

import os
import pwd
from pathlib import Path

import pytest

from certkit.cli import main

NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_home_of_another_user_is_refused_before_its_passphrase_command_runs(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (path / "team.yml").open("a") as settings:
        settings.write(f"passphrase_command: touch {tmp_path}/ran; echo secret\n")
    (path / "authorities" / "client" / "key.pem").write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    os.chown(path, NOBODY, NOBODY)
    capsys.readouterr()
    assert main(["issue", "alice", "--out", str(tmp_path / "alice.certkit")]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"certkit: {path} belongs to another user, {pwd.getpwuid(NOBODY).pw_name}",
        (
            f"Run certkit as that user, sudo -H -u {pwd.getpwuid(NOBODY).pw_name} certkit …; "
            'see "Two leads, one home" in docs/lead.md.'
        ),
    ]
    assert not (tmp_path / "ran").exists()


def test_a_team_of_another_name_is_refused_before_anchors_exclude_what_nobody_bears(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["issue", "eve", "--out", str(tmp_path / "eve.certkit"), "--no-passphrase"]) == 0
    settings = path / "team.yml"
    settings.write_text(settings.read_text().replace("team: acme", "team: acme-corp"))
    capsys.readouterr()
    assert main(["revoke", "eve"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"certkit: {settings} names the team acme-corp",
        "Put back the line `team: acme`.",
    ]
