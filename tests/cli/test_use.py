"""`certkit use`: another of the team's daemons, without the bundle."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from certkit.earthly.clients import locate
from certkit.earthly.config import read
from tests.cli.json_forms import fits
from tests.killed import at_every_moment
from tests.team import PERSON, Team, at, run

URLS = {name: f"tcp://{name}.acme.example:8372" for name in ("build", "arm", "big")}
CONFIG = b"# mine\nglobal:\n  cache_size_mb: 5 # enough\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team with two daemons, and Alice's laptop with Earthly and EarthBuild, enrolled."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        Path("secret").write_text("a long passphrase\n")
        for name in (".earthly", ".earth"):
            (made.laptop / name).mkdir()
            (made.laptop / name / "config.yml").write_bytes(CONFIG)
        run("init", "--team", "acme", "--daemon", URLS["build"], "--name", "build")
        run("daemon", "add", "arm", URLS["arm"])
        issue("alice.certkit")
        enroll("alice.certkit")
        yield made


def issue(out: str) -> None:
    run("issue", PERSON, "--device", "laptop", "--out", out, "--passphrase-file", "secret")


def enroll(*arguments: str) -> None:
    run("enroll", *arguments, "--no-probe", "--passphrase-file", "secret")


def hosts() -> list[str]:
    return [read(locate(name, os.environ), {}).buildkit_host for name in ("earthly", "earthbuild")]


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_setting_changes_and_leaving_gives_the_very_bytes_back(team: Team, capsys: Captured) -> None:
    config = team.laptop / ".earthly" / "config.yml"
    before = config.read_text()
    capsys.readouterr()
    run("use", "arm")
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines()[:2] == [
        f"Earthly uses arm now: {URLS['arm']}",
        "  edited  ~/.earthly/config.yml   buildkit_host",
    ]
    assert config.read_text() == before.replace(URLS["build"], URLS["arm"])
    assert hosts() == [URLS["arm"]] * 2
    run("unenroll")
    assert config.read_bytes() == CONFIG


def test_without_a_daemon_they_are_listed(team: Team, capsys: Captured) -> None:
    run("use", "arm", "--for", "earthly")
    capsys.readouterr()
    run("use")
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["acme", "Earthly", "arm", URLS["arm"], "in", "use"],
        ["acme", "Earthly", "build", URLS["build"]],
        ["acme", "EarthBuild", "build", URLS["build"], "in", "use"],
        ["acme", "EarthBuild", "arm", URLS["arm"]],
    ]


def test_the_list_is_data_too_and_so_is_a_switch(team: Team, capsys: Captured) -> None:
    enroll("alice.certkit", "--for", "buildctl")
    for arguments, expected in ((["use"], "build"), (["use", "arm"], "arm")):
        capsys.readouterr()
        run(*arguments, "--json")
        found = fits(json.loads(capsys.readouterr().out), "use")["enrollments"]
        assert [each["client"] for each in found] == ["earthly", "earthbuild", None]
        used = [[daemon["name"] for daemon in each["daemons"] if daemon["in_use"]] for each in found]
        assert used == [[expected], [expected], []]


def test_a_dry_run_and_a_second_switch_change_nothing(team: Team, capsys: Captured) -> None:
    before = everything_in(team.laptop)
    run("use", "arm", "--dry-run")
    assert "Would use arm for Earthly; nothing is done" in capsys.readouterr().out
    run("use", "build")
    assert "Earthly uses build already; nothing changed." in capsys.readouterr().out
    assert everything_in(team.laptop) == before


def test_a_renewal_keeps_the_choice_whatever_the_team_s_default_is(team: Team) -> None:
    run("use", "arm")
    run("daemon", "add", "big", URLS["big"])
    run("daemon", "default", "big")
    issue("new.certkit")
    enroll("new.certkit")
    assert hosts() == [URLS["arm"]] * 2
    run("use", "big")
    assert hosts() == [URLS["big"]] * 2
    enroll("new.certkit", "--daemon", "build")
    assert hosts() == [URLS["build"]] * 2


def test_a_choice_that_is_no_more_gives_way_to_the_default(team: Team) -> None:
    run("use", "arm")
    run("daemon", "remove", "arm", "--yes")
    issue("new.certkit")
    enroll("new.certkit")
    assert hosts() == [URLS["build"]] * 2


def test_a_daemon_that_the_bundle_did_not_name_is_told_with_those_that_it_did(team: Team, capsys: Captured) -> None:
    run("daemon", "add", "big", URLS["big"])
    capsys.readouterr()
    assert main(["use", "big"]) == 1
    said = capsys.readouterr().err
    assert "certkit: the enrollment in acme knows no daemon 'big'\n" in said
    assert "It knows: build, arm." in said
    assert "certkit enroll FILE" in said


def test_where_nothing_is_enrolled_it_says_so(team: Team, capsys: Captured) -> None:
    run("unenroll")
    for arguments in (["use"], ["use", "arm"], ["use", "--team", "other"]):
        capsys.readouterr()
        assert main(arguments) == 1
        assert "no enrollment is in use here" in capsys.readouterr().err


def test_an_enrollment_that_the_configuration_no_longer_leads_to_is_not_switched(team: Team, capsys: Captured) -> None:
    for name in (".earthly", ".earth"):
        (team.laptop / name / "config.yml").write_bytes(CONFIG)
    assert main(["use", "arm"]) == 1
    assert "no enrollment is in use here" in capsys.readouterr().err
    assert (team.laptop / ".earthly" / "config.yml").read_bytes() == CONFIG


def test_a_record_that_knows_no_daemons_is_told_to_be_made_anew(team: Team, capsys: Captured) -> None:
    path = team.laptop / ".earthly" / "certs" / "acme" / "enrollment.json"
    known = json.loads(path.read_text())
    del known["daemons"]
    path.write_text(json.dumps(known))
    assert main(["use", "arm"]) == 1
    assert "enroll again" in capsys.readouterr().err


def test_a_variable_that_counts_more_is_told(team: Team, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARTHLY_BUILDKIT_HOST", URLS["build"])
    capsys.readouterr()
    run("use", "arm", "--for", "earthly")
    assert capsys.readouterr().err == (
        f"EARTHLY_BUILDKIT_HOST is set, and counts more than the file: it leads to {URLS['build']}\n"
    )


def test_a_configuration_that_may_not_be_written_stays_and_so_does_the_record(team: Team, capsys: Captured) -> None:
    (team.laptop / ".earthly" / "config.yml").chmod(0o400)
    before = everything_in(team.laptop)
    assert main(["use", "arm"]) == 1
    assert "config.yml is read-only" in capsys.readouterr().err
    assert everything_in(team.laptop) == before


def test_the_flag_clients_get_the_command_for_the_daemon(team: Team, capsys: Captured) -> None:
    run("unenroll")
    enroll("alice.certkit", "--for", "buildx")
    capsys.readouterr()
    run("use", "arm")
    assert "docker buildx create --name acme-arm --driver remote" in capsys.readouterr().out
    assert main(["use", "big"]) == 1


def test_killed_at_any_moment_the_client_works_and_the_switch_can_be_made_again(team: Team) -> None:
    for _ in at_every_moment(lambda: main(["use", "arm"])):
        assert set(hosts()) <= {URLS["build"], URLS["arm"]}
        run("use", "arm")
        assert hosts() == [URLS["arm"]] * 2
        run("use", "build")
    run("unenroll")
    assert (team.laptop / ".earthly" / "config.yml").read_bytes() == CONFIG


def test_killed_and_then_left_everything_is_as_before(team: Team) -> None:
    for _ in at_every_moment(lambda: main(["use", "arm"])):
        run("unenroll")
        assert (team.laptop / ".earthly" / "config.yml").read_bytes() == CONFIG
        assert not list(team.laptop.rglob("key.pem"))
        enroll("alice.certkit")
