"""A laptop that an earlier certkit enrolled, which called its record `enrolment.json`, is renewed, listed and left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.team import PERSON, Team, at, run

CONFIG = b"# mine\nglobal: {cache_size_mb: 5}\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team whose Alice was enrolled by that certkit."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        Path("secret").write_text("a long passphrase\n")
        config(made).parent.mkdir()
        config(made).write_bytes(CONFIG)
        run("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--name", "build")
        issue("alice.certkit")
        enroll("alice.certkit")
        (folder(made) / "enrollment.json").rename(folder(made) / "enrolment.json")
        yield made


def config(team: Team) -> Path:
    return team.laptop / ".earthly" / "config.yml"


def folder(team: Team) -> Path:
    return team.laptop / ".earthly" / "certs" / "acme"


def issue(out: str) -> None:
    run("issue", PERSON, "--device", "laptop", "--out", out, "--passphrase-file", "secret")


def enroll(*arguments: str) -> None:
    run("enroll", "--for", "earthly", "--no-probe", "--passphrase-file", "secret", *arguments)


def test_it_is_renewed_and_the_record_bears_its_new_name(team: Team, capsys: Captured) -> None:
    issue("new.certkit")
    capsys.readouterr()
    enroll("new.certkit")
    assert capsys.readouterr().out.startswith(f"Renewed in acme as {PERSON}\n")
    assert {path.name for path in folder(team).glob("[!.]*")} == {"ca.pem", "cert.pem", "key.pem", "enrollment.json"}
    run("unenroll")
    assert config(team).read_bytes() == CONFIG


def test_what_it_does_not_renew_is_refused_as_ever(team: Team, capsys: Captured) -> None:
    run("issue", "bob@acme.example", "--out", "bob.certkit", "--passphrase-file", "secret")
    before = (folder(team) / "cert.pem").read_bytes()
    assert main(["enroll", "bob.certkit", "--for", "earthly", "--no-probe", "--passphrase-file", "secret"]) == 1
    assert "with the certificate of another person or device" in capsys.readouterr().err
    assert (folder(team) / "cert.pem").read_bytes() == before


def test_it_is_left_to_the_byte(team: Team) -> None:
    run("unenroll")
    assert config(team).read_bytes() == CONFIG
    assert not folder(team).exists()


def test_it_is_listed_among_the_teams(team: Team, capsys: Captured) -> None:
    enroll("alice.certkit", "--team", "beta")
    assert main(["unenroll"]) == 2
    assert "enrolled in more than one team: acme, beta" in capsys.readouterr().err


@pytest.mark.parametrize("first_out", ["acme", "beta"])
def test_it_and_a_team_above_it_are_left_in_any_order(team: Team, first_out: str) -> None:
    enroll("alice.certkit", "--team", "beta")
    run("unenroll", "--team", first_out)
    run("unenroll")
    assert config(team).read_bytes() == CONFIG
    assert not list(team.laptop.rglob("key.pem"))


def test_a_second_configuration_is_written_into_the_record_that_is_there(team: Team) -> None:
    second = team.folder / "second.yml"
    enroll("alice.certkit", "--config", str(second))
    run("unenroll", "--config", str(second))
    assert not second.exists()
    run("unenroll")
    assert config(team).read_bytes() == CONFIG
