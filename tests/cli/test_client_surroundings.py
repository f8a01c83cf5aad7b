"""What surrounds a client, through the command line: its `.env`, its configuration as it is, a user without a home."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.team import PERSON, Team, at, run

URL = "tcp://build.acme.example:8372"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Give a team with a bundle for Alice in this folder, and her laptop with Earthly's folder."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        (made.laptop / ".earthly").mkdir()
        run("init", "--team", "acme", "--daemon", URL, "--name", "build")
        run("issue", PERSON, "--out", "alice.certkit", "--no-passphrase")
        yield made


def config_of(team: Team) -> Path:
    return team.laptop / ".earthly" / "config.yml"


def test_enroll_warns_of_what_the_client_stops_at_and_enrolls(team: Team, capsys: Captured) -> None:
    config_of(team).write_text("global:\n  cache_size_mb: 20GB\ngit: [github.com]\n")
    assert main(["enroll", "alice.certkit", "--no-probe"]) == 0
    said = capsys.readouterr().err
    assert "config.yml: line 7: cache_size_mb is not a whole number: it is '20GB'" in said
    assert "Write it so: cache_size_mb: 20000" in said
    assert "git is not a mapping" in said
    assert "./certs/acme/key.pem" in config_of(team).read_text()


def test_enroll_says_what_to_paste_where_the_configuration_is_in_a_store(team: Team, capsys: Captured) -> None:
    store = team.laptop / "store"
    store.mkdir()
    (store / "config.yml").write_text("global: {}\n")
    (store / "config.yml").chmod(0o444)
    config_of(team).symlink_to(store / "config.yml")
    store.chmod(0o555)
    assert main(["enroll", "alice.certkit", "--no-probe"]) == 0
    said = capsys.readouterr().out
    assert "leads to a read-only file. Add this to what it is made from:\n  global:\n    buildkit_host: " in said
    assert "edited" not in said
    assert (team.laptop / ".earthly" / "certs" / "acme" / "key.pem").exists()
    store.chmod(0o755)


def test_unenroll_removes_the_key_and_says_which_lines_to_take_out(team: Team, capsys: Captured) -> None:
    run("enroll", "alice.certkit", "--no-probe")
    with config_of(team).open("a") as file:
        file.write("broken: [\n")
    before = config_of(team).read_bytes()
    capsys.readouterr()
    assert main(["unenroll"]) == 0
    said = capsys.readouterr()
    assert "Left acme" in said.out
    assert "it cannot be edited" in said.out
    assert "config.yml: line 8: not YAML" in said.err
    assert "  line 2: buildkit_host: tcp://build.acme.example:8372\n" in said.err
    assert "  line 6: tls_enabled: true\n" in said.err
    assert not (team.laptop / ".earthly" / "certs" / "acme").exists()
    assert config_of(team).read_bytes() == before


def test_the_probe_reads_the_env_file_of_the_folder_that_it_is_run_in(team: Team, capsys: Captured) -> None:
    run("enroll", "alice.certkit", "--no-probe")
    Path(".env").write_text("EARTHLY_BUILDKIT_HOST=tcp://127.0.0.2:1\n")
    capsys.readouterr()
    assert main(["probe", "--timeout", "1"]) == 3
    said = capsys.readouterr().out
    assert "Probing tcp://127.0.0.2:1 (the variable EARTHLY_BUILDKIT_HOST in .env)" in said
    assert "env-file-overrides" in said
    Path(".env").write_text("not a variable\n")
    assert main(["probe", "--timeout", "1"]) == 3
    assert ".env: line 1: this is not NAME=value" in " ".join(capsys.readouterr().out.split())


def test_a_user_without_name_and_home_is_probed_as_the_client_sees_them(
    team: Team, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    del team
    for name in ("HOME", "CERTKIT_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    code = main(["probe", "--for", "earthly"])
    said = capsys.readouterr()
    assert code == 3
    assert "/etc/.earthly/config.yml" in said.out
    assert "defect" not in said.err
