"""What `certkit unenroll` makes of files that somebody has removed already, and what it leaves and says so."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.team import PERSON, Team, at, run

CONFIG = "# mine\nglobal:\n  tlsca: ./mine.pem\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team with a bundle for Alice in this folder."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        run("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--name", "build")
        run("issue", PERSON, "--out", "alice.certkit", "--no-passphrase")
        yield made


@pytest.fixture
def config(team: Team) -> Path:
    """Return Earthly's configuration, as it is before anybody enrolls."""
    path = team.laptop / ".earthly" / "config.yml"
    path.parent.mkdir()
    path.write_text(CONFIG)
    return path


def enroll(*arguments: str) -> None:
    run("enroll", "alice.certkit", "--no-probe", *arguments)


def unenroll(capsys: Captured, *arguments: str) -> list[str]:
    capsys.readouterr()
    run("unenroll", *arguments)
    return capsys.readouterr().out.splitlines()


def test_where_the_certificates_are_gone_the_settings_come_from_the_copy(config: Path, capsys: Captured) -> None:
    enroll()
    shutil.rmtree(config.parent / "certs")
    assert unenroll(capsys) == [
        "Left acme",
        "  edited   ~/.earthly/config.yml",
        "           buildkit_host, tlsca, tlscert, tlskey, tls_enabled as before",
    ]
    assert config.read_text() == CONFIG
    assert main(["unenroll"]) == 1


def test_what_was_written_since_then_stays(config: Path, capsys: Captured) -> None:
    enroll()
    config.write_text(config.read_text() + "git: {}\n")
    shutil.rmtree(config.parent / "certs")
    unenroll(capsys)
    assert config.read_text() == CONFIG + "git: {}\n"


def test_where_the_copy_is_gone_too_the_five_settings_are_taken_out(config: Path, capsys: Captured) -> None:
    enroll()
    shutil.rmtree(config.parent / "certs")
    config.with_name("config.yml.before-acme").unlink()
    config.write_text(config.read_text() + "git: {}\n")
    assert unenroll(capsys)[3] == "           taken out: what they were is not known"
    assert config.read_text() == "# mine\nglobal:\ngit: {}\n"


def test_a_file_that_held_nothing_else_goes(team: Team, capsys: Captured) -> None:
    enroll("--for", "earthly")
    shutil.rmtree(team.laptop / ".earthly" / "certs")
    assert unenroll(capsys)[1] == "  removed  ~/.earthly/config.yml   nothing else was in it"
    assert not (team.laptop / ".earthly" / "config.yml").exists()


def test_where_only_the_link_is_gone_no_key_stays_hidden(config: Path, capsys: Captured) -> None:
    enroll()
    (config.parent / "certs" / "acme").unlink()
    assert list(config.parent.rglob("key.pem"))
    unenroll(capsys)
    assert not list(config.parent.rglob("key.pem"))


def test_a_configuration_made_by_hand_is_nobody_s_enrollment(config: Path) -> None:
    config.write_text("global: {tlskey: ./certs/mine.pem}\n")
    assert main(["unenroll"]) == 1


def test_a_folder_that_is_empty_now_goes_and_one_with_others_files_stays(config: Path) -> None:
    enroll()
    run("unenroll")
    assert not (config.parent / "certs").exists()
    enroll()
    (config.parent / "certs" / "ca_cert.pem").touch()
    run("unenroll")
    assert (config.parent / "certs" / "ca_cert.pem").exists()


def test_a_copy_that_stays_is_named(config: Path, capsys: Captured) -> None:
    enroll()
    config.write_text(config.read_text() + "git: {}\n")
    assert "  kept     ~/.earthly/config.yml.before-acme   the former file" in unenroll(capsys)


def test_who_stays_enrolled_is_said(team: Team, config: Path, capsys: Captured) -> None:
    enroll("--for", "earthly", "--for", "earthbuild", "--for", "buildx")
    first = unenroll(capsys, "--for", "buildx")[0]
    assert first == "Left acme for buildctl and buildx; still enrolled for earthly and earthbuild"
    assert unenroll(capsys, "--for", "earthly")[0] == "Left acme for earthly; still enrolled for earthbuild"
    assert unenroll(capsys)[0] == "Left acme"


def test_a_key_that_another_client_s_file_names_stays_until_that_is_taken_out(
    team: Team, config: Path, capsys: Captured
) -> None:
    enroll("--for", "earthly")
    key = config.parent / "certs" / "acme" / "key.pem"
    other = team.laptop / ".earth" / "config.yml"
    other.parent.mkdir()
    other.write_text(config.read_text().replace("./certs", str(config.parent / "certs")))
    enrolled = config.read_text()
    capsys.readouterr()
    assert main(["unenroll"]) == 1
    told = capsys.readouterr().err
    assert f"certkit: {other}, line " in told
    assert "the enrollment's files are used here, too" in told
    assert (key.exists(), config.read_text()) == (True, enrolled)
    other.write_text("global: {}\n")
    assert unenroll(capsys)[0] == "Left acme"
    assert not key.exists()


def test_a_flag_client_s_key_that_a_configuration_names_stays_too(team: Team, config: Path) -> None:
    enroll("--for", "buildctl")
    key = next(team.laptop.rglob("clients/acme/build")) / "key.pem"
    config.write_text(f"global: {{tlskey: {key}}}\n")
    assert main(["unenroll"]) == 1
    assert key.exists()


def test_the_key_of_a_request_waits_on_when_a_team_is_left_and_goes_by_itself(
    team: Team, config: Path, capsys: Captured
) -> None:
    run("enroll", "--request", "alice.csr")
    [key] = team.laptop.rglob("requests/*.pem")
    enroll("--for", "earthly")
    place = str(key).replace(str(team.laptop), "~")
    kept, why = unenroll(capsys)[-2:]
    assert kept == f"  kept     {Path(place).parent}/"
    assert why == "           Keys wait there for answers; in no team any more: certkit unenroll"
    assert main(["unenroll", "--team", "acme"]) == 1
    assert unenroll(capsys, "--dry-run")[-1] == f"  remove   {place}"
    assert key.exists()
    assert unenroll(capsys) == ["Withdrawn what was asked for and had no answer", f"  removed  {place}"]
    assert not key.exists()
    assert main(["unenroll"]) == 1
