"""What undoing an enrollment gives back, and when it gives nothing."""

from pathlib import Path

import pytest

from certkit.cli.support import remedies
from certkit.earthly import clients, config, edit
from certkit.enroll import config_clients, unenrollment
from certkit.errors import MissingError, RefusedError
from tests.earthly.shapes import SHAPES
from tests.enroll.conftest import Team
from tests.enroll.laptops import CONFIG, Laptop, of_team


@pytest.fixture
def alice(tmp_path: Path) -> Laptop:
    return Laptop(tmp_path / "alice")


@pytest.mark.parametrize(
    "content", [None, CONFIG, *(SHAPES[name][0].encode() for name in SHAPES if "already" not in name)]
)
def test_all_is_as_it_was_to_the_byte(tmp_path: Path, team: Team, content: bytes | None) -> None:
    alice = Laptop(tmp_path / "alice", content)
    before = alice.everything()
    alice.enroll(team.bundle())
    alice.unenroll()
    assert alice.everything() == before


def test_what_was_edited_since_stays_and_the_former_values_come_back(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    edited = alice.config.read_bytes().replace(b"100 # enough", b"200 # more") + b"git: {}\n"
    alice.config.write_bytes(edited)
    alice.unenroll()
    assert alice.config.read_bytes() == CONFIG.replace(b"100 # enough", b"200 # more") + b"git: {}\n"
    assert alice.config.with_name("config.yml.before-acme").read_bytes() == CONFIG


def test_a_configuration_that_no_longer_names_the_team_is_left_alone(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    alice.config.write_bytes(b"global: {buildkit_host: tcp://other:1}\n")
    assert not alice.unenroll().edits
    assert alice.config.read_bytes() == b"global: {buildkit_host: tcp://other:1}\n"
    assert not alice.folder("acme").exists()


def test_a_configuration_that_was_removed_stays_so(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    alice.config.unlink()
    alice.unenroll()
    assert not alice.config.exists()


def test_planning_changes_nothing(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    before = alice.everything()
    assert unenrollment.plan_one(alice.client, "acme").edits
    assert alice.everything() == before


def test_the_key_stays_while_something_still_names_it(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    alice.config.write_bytes(alice.config.read_bytes() + b"mine: [./certs/acme/key.pem]\n")
    before = alice.everything()
    with pytest.raises(RefusedError, match=r"config\.yml: line 5: .*still"):
        alice.unenroll()
    assert alice.everything() == before


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: 1\n\tb: 2\n", 2),
        (b"global:\n  tlskey: ./certs/acme/key.pem\n  tlskey: x\n", 3),
        (b"g: &g {tlskey: ./certs/acme/key.pem}\nglobal: *g\n", 2),
    ],
)
def test_a_configuration_that_cannot_be_edited_does_not_hold_the_key(
    alice: Laptop, team: Team, content: bytes, line: int
) -> None:
    alice.enroll(team.bundle())
    alice.config.write_bytes(content)
    undoing = alice.unenroll()
    assert undoing.obstacle
    assert f"config.yml: line {line}: " in undoing.obstacle.message
    assert len(undoing.to_take_out) == 5
    assert any("tlskey: ./certs/acme/key.pem" in told for told in undoing.to_take_out)
    assert alice.config.read_bytes() == content
    assert not alice.folder("acme").exists()


def test_the_lines_to_take_out_are_named_where_they_stand(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    alice.config.write_bytes(alice.config.read_bytes() + b"broken: [\n")
    lines = alice.unenroll().to_take_out
    text = alice.config.read_text().splitlines()
    assert all(told.startswith("line ") for told in lines)
    assert [text[int(told.split(":")[0][5:]) - 1].split(":")[0].strip() for told in lines] == list(edit.KEYS)


def test_a_configuration_that_cannot_be_read_does_not_hold_the_key(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    alice.config.unlink()
    alice.config.symlink_to(alice.config.name)
    assert alice.unenroll().obstacle
    assert not alice.folder("acme").exists()


def test_what_stops_the_client_elsewhere_in_the_file_does_not_stop_leaving(alice: Laptop, team: Team) -> None:
    before = CONFIG + b"git: [wrong]\n"
    alice.config.write_bytes(before)
    (step,) = alice.enroll(team.bundle())
    assert [fault.key for fault in step.faults] == ["git"]
    assert not alice.unenroll().obstacle
    assert alice.config.read_bytes() == before


def test_pasted_settings_in_a_read_only_store_are_told(alice: Laptop, team: Team) -> None:
    store = alice.home / "store"
    store.mkdir()
    alice.config.rename(store / "config.yml")
    alice.config.symlink_to(store / "config.yml")
    alice.config.chmod(0o444)
    store.chmod(0o555)
    (step,) = alice.enroll(team.bundle())
    (store / "config.yml").chmod(0o644)
    (store / "config.yml").write_text("\n".join(step.to_paste))
    (store / "config.yml").chmod(0o444)
    undoing = alice.unenroll()
    store.chmod(0o755)
    assert undoing.obstacle
    assert "read-only" in undoing.obstacle.message
    assert not alice.folder("acme").exists()


def test_a_read_only_configuration_is_refused_and_the_key_stays(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    alice.config.chmod(0o444)
    with pytest.raises(RefusedError, match="read-only"):
        alice.unenroll()
    assert (alice.folder("acme") / "key.pem").exists()


def test_whoever_is_not_enrolled_is_told(alice: Laptop) -> None:
    with pytest.raises(MissingError, match="not enrolled in acme"):
        alice.unenroll()


def test_undoing_twice_is_told_and_changes_nothing(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    alice.unenroll()
    before = alice.everything()
    with pytest.raises(MissingError):
        alice.unenroll()
    assert alice.everything() == before


@pytest.mark.parametrize("first_out", ["acme", "beta"])
@pytest.mark.parametrize("enrollments", [("acme", "beta"), ("acme", "beta", "acme"), ("beta", "acme", "beta", "acme")])
def test_two_teams_are_left_in_any_order(
    alice: Laptop, team: Team, enrollments: tuple[str, ...], first_out: str
) -> None:
    bundles = {name: of_team(team.bundle(), name) for name in ("acme", "beta")}
    for name in enrollments:
        alice.enroll(bundles[name])
    alice.unenroll(first_out)
    second_out = ({"acme", "beta"} - {first_out}).pop()
    assert config.read(alice.client, {}).tlskey == alice.folder(second_out) / "key.pem"
    alice.unenroll(second_out)
    assert alice.config.read_bytes() == CONFIG
    assert not [path for path in alice.everything() if path.endswith(".pem")]


def test_leaving_the_newer_team_goes_back_to_the_older(alice: Laptop, team: Team) -> None:
    bundle = team.bundle()
    alice.enroll(bundle)
    after_first = alice.config.read_bytes()
    alice.enroll(of_team(bundle, "beta"))
    alice.unenroll("beta")
    assert alice.config.read_bytes() == after_first


def test_a_second_configuration_of_the_same_client_keeps_the_files(alice: Laptop, team: Team) -> None:
    bundle = team.bundle()
    second = alice.client._replace(config=alice.home / "second.yml")
    alice.enroll(bundle)
    alice.enroll(bundle, client=second)
    assert alice.unenroll().keeps_folder
    assert config.read(second, {}).tlskey.read_bytes() == bundle.files()["key.pem"]
    unenrollment.apply_one(unenrollment.plan_one(second, "acme"))
    assert not alice.folder("acme").exists()
    assert not second.config.exists()


def test_another_configuration_than_that_enrolled_is_refused_with_its_name(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    with pytest.raises(MissingError) as caught:
        unenrollment.plan_one(alice.client._replace(config=alice.home / "other.yml"), "acme")
    assert remedies.of_error(caught.value) == f"Use --config {alice.config}"


def test_two_clients_that_share_a_configuration_leave_together(tmp_path: Path, team: Team) -> None:
    environ = {"HOME": str(tmp_path), "EARTHLY_CONFIG": str(tmp_path / "shared.yml")}
    both = [clients.locate(name, environ) for name in ("earthly", "earthbuild")]
    config_clients.apply(config_clients.plan(team.bundle(), both))
    for undoing in [unenrollment.plan_one(client, "acme") for client in both]:
        unenrollment.apply_one(undoing)
    assert not (tmp_path / "shared.yml").exists()


def test_files_that_were_lost_under_a_configuration_do_not_trap_it(alice: Laptop, team: Team) -> None:
    """The team's folder is gone, by hand, and the configuration still names it: enrolling mends, undoing frees."""
    bundle = team.bundle()
    alice.enroll(bundle)
    alice.folder("acme").unlink()
    alice.enroll(bundle)
    assert config.read(alice.client, {}).tlskey.read_bytes() == bundle.files()["key.pem"]
    alice.unenroll()
    assert b"acme" not in alice.config.read_bytes()
