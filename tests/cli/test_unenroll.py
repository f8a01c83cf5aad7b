"""`certkit unenroll`, through the command line, on real files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.team import PERSON, Team, at, run

CONFIG = b"# mine\r\nglobal: {tlsca: './mine.pem'} # yes\r\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team with a bundle for Alice in this folder, and her laptop with Earthly and EarthBuild on it."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        for name in (".earthly", ".earth"):
            (made.laptop / name).mkdir()
            (made.laptop / name / "config.yml").write_bytes(CONFIG)
        run("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--name", "build")
        run("issue", PERSON, "--out", "alice.certkit", "--no-passphrase")
        yield made


def enroll(*arguments: str) -> None:
    run("enroll", "alice.certkit", "--no-probe", *arguments)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_as_it_was_and_the_words_say_so(team: Team, capsys: Captured) -> None:
    before = everything_in(team.laptop)
    enroll()
    capsys.readouterr()
    assert main(["unenroll"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Left acme",
        "  edited   ~/.earthly/config.yml",
        "           buildkit_host, tlsca, tlscert, tlskey, tls_enabled as before",
        "  removed  ~/.earthly/certs/acme/",
        "  edited   ~/.earth/config.yml",
        "           buildkit_host, tlsca, tlscert, tlskey, tls_enabled as before",
        "  removed  ~/.earth/certs/acme/",
    ]
    assert everything_in(team.laptop) == before


def test_a_dry_run_says_what_would_be_undone_and_does_nothing(team: Team, capsys: Captured) -> None:
    enroll()
    before = everything_in(team.laptop)
    capsys.readouterr()
    assert main(["unenroll", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Would leave acme; nothing is done\n  edit     ~/.earthly/config.yml")
    assert everything_in(team.laptop) == before


def test_one_client_can_be_undone_alone(team: Team) -> None:
    enroll()
    assert main(["unenroll", "--for", "earthbuild"]) == 0
    assert (team.laptop / ".earth" / "config.yml").read_bytes() == CONFIG
    assert team.device.key.exists()


def test_the_files_of_the_other_clients_go_too(team: Team, capsys: Captured) -> None:
    enroll("--for", "buildctl")
    place = team.laptop / ".local" / "share" / "certkit-laptop" / "clients" / "acme"
    assert list(place.rglob("key.pem"))
    assert main(["unenroll"]) == 0
    assert "removed  ~/.local/share/certkit-laptop/clients/acme/build/" in capsys.readouterr().out
    assert not place.exists()


def test_a_named_configuration_is_put_back(team: Team) -> None:
    named = team.folder / "named.yml"
    enroll("--for", "earthly", "--config", str(named))
    assert named.exists()
    assert main(["unenroll", "--config", str(named)]) == 0
    assert not named.exists()
    assert not team.device.key.exists()


def test_a_configuration_named_at_enrollment_is_asked_for(team: Team, capsys: Captured) -> None:
    named = team.folder / "named.yml"
    enroll("--for", "earthly", "--config", str(named))
    assert main(["unenroll"]) == 1
    assert f"Use --config {named}" in capsys.readouterr().err
    assert team.device.key.exists()


def test_a_configuration_edited_by_hand_to_another_daemon_is_left_alone(team: Team, capsys: Captured) -> None:
    enroll("--for", "earthly")
    config = team.laptop / ".earthly" / "config.yml"
    config.write_bytes(b"global: {buildkit_host: tcp://other:1}\n")
    assert main(["unenroll"]) == 0
    assert "kept     ~/.earthly/config.yml" in capsys.readouterr().out
    assert config.read_bytes() == b"global: {buildkit_host: tcp://other:1}\n"


def test_of_several_teams_one_must_be_named(team: Team, capsys: Captured) -> None:
    enroll("--for", "earthly")
    enroll("--for", "earthly", "--team", "beta")
    assert main(["unenroll"]) == 2
    assert "enrolled in more than one team: acme, beta" in capsys.readouterr().err
    assert main(["unenroll", "--team", "acme"]) == 0
    assert main(["unenroll"]) == 0
    assert (team.laptop / ".earthly" / "config.yml").read_bytes() == CONFIG


@pytest.mark.parametrize("name", ["beta", "../acme", "acme/../acme", "/", "\x1b[2J"])
def test_a_team_that_is_not_there_is_told_and_nothing_is_printed_raw(team: Team, capsys: Captured, name: str) -> None:
    enroll()
    assert main(["unenroll", "--team", name]) == 1
    told = capsys.readouterr().err
    assert "not enrolled in" in told
    assert "Enrolled in: acme." in told
    assert "\x1b" not in told
    assert team.device.key.exists()


def test_who_is_not_enrolled_is_told_what_to_do(team: Team, capsys: Captured) -> None:
    assert main(["unenroll"]) == 1
    told = capsys.readouterr().err
    assert "not enrolled in any team" in told
    assert "certkit enroll" in told


def test_an_unknown_client_is_refused(team: Team, capsys: Captured) -> None:
    assert main(["unenroll", "--for", "docker"]) == 2
    assert "Choose from earthly, earthbuild, buildctl, buildx." in capsys.readouterr().err


def test_one_configuration_for_two_clients_is_refused(team: Team, capsys: Captured) -> None:
    enroll()
    assert main(["unenroll", "--config", str(team.laptop / ".earthly" / "config.yml")]) == 2
    assert "--for" in capsys.readouterr().err


def test_the_help_names_the_exit_codes(capsys: Captured) -> None:
    assert main(["unenroll", "--help"]) == 0
    assert "Exit codes" in capsys.readouterr().out
