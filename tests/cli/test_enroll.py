"""`certkit enroll`, through the command line, on real files."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.cli import main
from certkit.cli.support import context
from certkit.earthly.clients import locate
from certkit.earthly.config import read
from tests.team import PERSON, Team, at, run

URL = "tcp://build.acme.example:8372"
SECRET = "correct-kettle-violet-anchor-mango-seven"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team with a bundle for Alice that waits in this folder, sealed and clear, and an engine that works."""
    made = Team(tmp_path)
    engine = tmp_path / "bin" / "docker"
    engine.parent.mkdir()
    engine.write_text("#!/bin/sh\n")
    engine.chmod(0o755)
    with at(made):
        monkeypatch.setenv("PATH", f"{engine.parent}:/usr/bin:/bin")
        monkeypatch.chdir(tmp_path)
        Path("secret").write_text(SECRET + "\n")
        found(URL)
        yield made


def found(url: str) -> None:
    run("init", "--team", "acme", "--daemon", url, "--name", "build")
    run("issue", PERSON, "--device", "laptop", "--out", "alice.certkit", "--passphrase-file", "secret")
    run("issue", PERSON, "--device", "desktop", "--out", "clear.certkit", "--no-passphrase")


def enroll(*arguments: str) -> int:
    return main(["enroll", "alice.certkit", "--passphrase-file", "secret", "--no-probe", *arguments])


def host_of(name: str) -> str:
    return read(locate(name, os.environ), {}).buildkit_host


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bundle_sets_up_earthly_and_the_words_say_so(team: Team, capsys: Captured) -> None:
    (team.laptop / ".earthly").mkdir()
    assert enroll() == 0
    said = capsys.readouterr().out
    assert f"Enrolled in acme as {PERSON}" in said
    assert "wrote   ~/.earthly/certs/acme/  ca.pem  cert.pem  key.pem" in said
    assert host_of("earthly") == URL
    assert b"PRIVATE KEY" in team.device.key.read_bytes()


def test_the_former_file_is_kept_and_named(team: Team, capsys: Captured) -> None:
    config = team.laptop / ".earthly" / "config.yml"
    config.parent.mkdir()
    config.write_text("# mine\nglobal:\n  cache_size_mb: 5\n")
    assert enroll() == 0
    assert "(former file: config.yml.before-acme)" in capsys.readouterr().out
    assert config.read_text().startswith("# mine\nglobal:\n")
    assert config.with_name("config.yml.before-acme").read_text() == "# mine\nglobal:\n  cache_size_mb: 5\n"


def test_enrolling_twice_is_harmless(team: Team, capsys: Captured) -> None:
    enroll()
    before = everything_in(team.laptop)
    capsys.readouterr()
    assert enroll() == 0
    assert f"Already enrolled in acme as {PERSON}; nothing changed." in capsys.readouterr().out
    assert everything_in(team.laptop) == before


def test_another_certificate_replaces_the_first_only_by_force(team: Team, capsys: Captured) -> None:
    enroll()
    before = everything_in(team.laptop)
    assert main(["enroll", "clear.certkit", "--no-probe"]) == 1
    assert "--force" in capsys.readouterr().err
    assert everything_in(team.laptop) == before
    assert main(["enroll", "clear.certkit", "--no-probe", "--force"]) == 0
    assert everything_in(team.laptop) != before


def test_the_other_clients_certificate_too_is_replaced_only_by_force(team: Team, capsys: Captured) -> None:
    assert enroll("--for", "buildctl") == 0
    before = everything_in(team.laptop)
    assert main(["enroll", "clear.certkit", "--no-probe", "--for", "buildctl"]) == 1
    assert "--force" in capsys.readouterr().err
    assert everything_in(team.laptop) == before
    assert main(["enroll", "clear.certkit", "--no-probe", "--for", "buildctl", "--force"]) == 0
    assert everything_in(team.laptop) != before


def test_an_expired_bundle_enrolls_nobody(team: Team, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "now", lambda: datetime.now(UTC) + timedelta(days=400))
    assert enroll() == 1
    assert "expired on" in capsys.readouterr().err
    assert everything_in(team.laptop) == {}


def test_a_dry_run_says_what_it_would_do_and_does_nothing(team: Team, capsys: Captured) -> None:
    assert enroll("--dry-run", "--for", "earthly", "--for", "buildx") == 0
    said = capsys.readouterr().out
    assert "Would enroll in acme" in said
    assert "write   ~/.earthly/certs/acme/" in said
    assert everything_in(team.laptop) == {}


def test_the_clients_found_here_are_enrolled(team: Team) -> None:
    for name in (".earthly", ".earth"):
        (team.laptop / name).mkdir()
    assert enroll() == 0
    assert host_of("earthly") == host_of("earthbuild") == URL


def test_where_no_client_is_found_earthly_is_assumed_and_said(team: Team, capsys: Captured) -> None:
    assert enroll() == 0
    assert "Neither Earthly nor EarthBuild was found here" in capsys.readouterr().err
    assert host_of("earthly") == URL


def test_only_the_client_asked_for_is_enrolled(team: Team) -> None:
    (team.laptop / ".earthly").mkdir()
    assert enroll("--for", "earthbuild") == 0
    assert host_of("earthbuild") == URL
    assert everything_in(team.laptop / ".earthly") == {}


def test_another_configuration_file_can_be_named(team: Team, tmp_path: Path) -> None:
    assert enroll("--for", "earthly", "--config", "ci.yml") == 0
    assert read(locate("earthly", os.environ, tmp_path / "ci.yml"), {}).tlskey == team.device.key
    assert not (team.laptop / ".earthly" / "config.yml").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--config", "ci.yml"], "two clients here"),
        (["--config", "ci.yml", "--for", "buildctl"], "Earthly's or EarthBuild's file"),
        (["--for", "bazel"], "earthly, earthbuild, buildctl, buildx"),
        (["--daemon", "arm"], "It has: build"),
        (["--team", "../acme"], "cannot be the name of a team"),
        (["--request", "alice.csr"], "a bundle is the answer"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(
    team: Team, capsys: Captured, arguments: list[str], words: str
) -> None:
    for name in (".earthly", ".earth"):
        (team.laptop / name).mkdir()
    assert enroll(*arguments) == 2
    assert words in capsys.readouterr().err
    assert everything_in(team.laptop) == {}


def test_without_a_bundle_the_two_ways_are_named(team: Team, capsys: Captured) -> None:
    assert main(["enroll"]) == 2
    assert "certkit enroll --request FILE" in capsys.readouterr().err


def test_a_wrong_passphrase_is_told_and_changes_nothing(team: Team, capsys: Captured) -> None:
    Path("wrong").write_text("guess\n")
    assert main(["enroll", "alice.certkit", "--passphrase-file", "wrong"]) == 1
    assert "the passphrase is wrong" in capsys.readouterr().err
    assert everything_in(team.laptop) == {}


def test_a_bundle_without_a_passphrase_shows_what_to_compare(team: Team, capsys: Captured) -> None:
    assert main(["enroll", "clear.certkit", "--no-probe"]) == 0
    assert "  acme server authority\n    SHA-256  " in capsys.readouterr().err


def test_one_of_the_teams_daemons_can_be_chosen(team: Team, capsys: Captured) -> None:
    run("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    run("issue", PERSON, "--out", "both.certkit", "--no-passphrase")
    assert main(["enroll", "both.certkit", "--no-probe", "--daemon", "arm"]) == 0
    assert host_of("earthly") == "tcp://arm.acme.example:8372"
    assert "other daemons: build" in capsys.readouterr().out


def test_a_team_can_be_called_otherwise_here(team: Team) -> None:
    assert enroll("--team", "client-a") == 0
    assert (team.laptop / ".earthly" / "certs" / "client-a" / "key.pem").exists()


def test_without_docker_and_podman_the_variable_is_named(
    team: Team, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert enroll("--for", "earthly", "--for", "earthbuild") == 0
    said = capsys.readouterr().out
    assert f"export EARTHLY_BUILDKIT_HOST={URL}" in said
    assert "EARTH_BUILDKIT_HOST" not in said, "EarthBuild 0.8.17 does not read it"


def test_a_key_made_here_never_leaves(team: Team, capsys: Captured) -> None:
    assert main(["enroll", "--request", "alice.csr"]) == 0
    assert "certkit sign alice.csr" in capsys.readouterr().out
    (waiting,) = team.laptop.rglob("requests/*.pem")
    run("sign", "alice.csr", "--person", PERSON, "--out", "answer.certkit")
    assert b"PRIVATE" not in Path("answer.certkit").read_bytes()
    key = waiting.read_bytes()
    assert main(["enroll", "answer.certkit", "--no-probe"]) == 0
    assert team.device.key.read_bytes() == key
    assert not waiting.exists()


def test_an_answer_can_be_enrolled_a_second_time(team: Team, capsys: Captured) -> None:
    main(["enroll", "--request", "alice.csr"])
    run("sign", "alice.csr", "--person", PERSON, "--out", "answer.certkit")
    assert main(["enroll", "answer.certkit", "--no-probe"]) == 0
    assert main(["enroll", "answer.certkit", "--no-probe"]) == 0
    assert "Already enrolled" in capsys.readouterr().out


def test_a_request_never_overwrites(team: Team, capsys: Captured) -> None:
    Path("alice.csr").write_text("mine")
    assert main(["enroll", "--request", "alice.csr"]) == 1
    assert Path("alice.csr").read_text() == "mine"


def test_a_bundle_in_clear_in_the_place_of_an_encrypted_one_is_refused(team: Team, capsys: Captured) -> None:
    Path("alice.certkit").write_bytes(Path("clear.certkit").read_bytes())
    before = everything_in(team.laptop)
    assert enroll() == 1
    assert "not encrypted, although there is a passphrase for it" in capsys.readouterr().err
    assert everything_in(team.laptop) == before
