"""What enrolling does to a laptop's files."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from certkit import files
from certkit.earthly import clients, config
from certkit.enroll import config_clients
from certkit.enroll.bundle import Daemon
from certkit.enroll.replacement import Warrant
from certkit.errors import CertkitError, MissingError, RefusedError
from certkit.pki import keys
from tests.enroll.conftest import Team
from tests.enroll.laptops import CONFIG, Laptop, of_team


@pytest.fixture
def alice(tmp_path: Path) -> Laptop:
    return Laptop(tmp_path / "alice")


def test_earthly_reads_what_was_enrolled(alice: Laptop, team: Team) -> None:
    bundle = team.bundle()
    alice.enroll(bundle)
    found = config.read(alice.client, {})
    assert found.buildkit_host == "tcp://build.acme.example:8372"
    assert found.tlsca.read_bytes() == bundle.files()["ca.pem"]
    assert found.tlscert.read_bytes() == bundle.files()["cert.pem"]
    assert found.tlskey.read_bytes() == bundle.files()["key.pem"]
    assert found.tls_enabled


def test_the_rest_of_the_configuration_stays_and_its_former_content_is_kept(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    assert alice.config.read_bytes() == (
        b"# mine\nglobal:\n  buildkit_host: tcp://build.acme.example:8372\n  tlscert: ./certs/acme/cert.pem\n"
        b"  tlskey: ./certs/acme/key.pem\n  tls_enabled: true\n  cache_size_mb: 100 # enough\n"
        b"  tlsca: ./certs/acme/ca.pem\n"
    )
    assert alice.config.with_name("config.yml.before-acme").read_bytes() == CONFIG


def test_the_files_are_private_from_their_folder_on(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    folder = alice.folder("acme")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {name.name for name in folder.glob("[!.]*")} == {"ca.pem", "cert.pem", "key.pem", "enrollment.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_the_default_names_in_certs_stay_earthlys_own(alice: Laptop, team: Team) -> None:
    own = alice.client.directory / "certs" / "earthly_key.pem"
    own.parent.mkdir(mode=0o755)
    own.write_bytes(b"earthly's")
    alice.enroll(team.bundle())
    assert own.read_bytes() == b"earthly's"
    assert stat.S_IMODE(own.parent.stat().st_mode) == 0o755


def test_planning_changes_nothing(alice: Laptop, team: Team) -> None:
    before = alice.everything()
    [step] = config_clients.plan(team.bundle(), [alice.client])
    assert step.edits
    assert not step.is_done
    assert alice.everything() == before


def test_enrolling_twice_changes_nothing(alice: Laptop, team: Team) -> None:
    bundle = team.bundle()
    alice.enroll(bundle)
    before = alice.everything()
    [step] = alice.enroll(bundle)
    assert step.is_done
    assert alice.everything() == before


def test_another_certificate_is_refused_unless_forced(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    before = alice.everything()
    key = keys.generate("p256")
    another = replace(team.bundle(key=key), device="desktop", certificate=team.device(key.public_key(), "desktop"))
    with pytest.raises(RefusedError, match=r"already enrolled in acme as alice@acme\.example"):
        alice.enroll(another)
    assert alice.everything() == before
    alice.enroll(another, Warrant.FORCE)
    assert (alice.folder("acme") / "key.pem").read_bytes() == another.files()["key.pem"]
    assert alice.unenroll().restored == CONFIG


def test_another_url_for_the_same_certificate_is_set(alice: Laptop, team: Team) -> None:
    bundle = team.bundle()
    alice.enroll(bundle)
    alice.enroll(replace(bundle, daemons=(Daemon("b", "tcp://new.acme.example:8372"),)), Warrant.PASSPHRASE)
    assert config.read(alice.client, {}).buildkit_host == "tcp://new.acme.example:8372"
    assert not alice.config.with_name("config.yml.before-acme.2").exists()
    assert alice.unenroll().restored == CONFIG


@pytest.mark.parametrize("before", [None, b"", b"\xef\xbb\xbf# mine\r\n"])
def test_a_configuration_that_is_missing_or_empty_is_made(tmp_path: Path, team: Team, before: bytes | None) -> None:
    alice = Laptop(tmp_path / "alice", before)
    alice.enroll(team.bundle())
    assert alice.config.read_bytes().startswith(before or b"global:")
    assert alice.config.with_name("config.yml.before-acme").exists() == (before is not None)


def test_a_client_without_a_folder_gets_one(tmp_path: Path, team: Team) -> None:
    client = clients.locate("earthbuild", {"HOME": str(tmp_path)})
    config_clients.apply(config_clients.plan(team.bundle(), [client]))
    assert stat.S_IMODE((tmp_path / ".earth").stat().st_mode) == 0o700
    assert (tmp_path / ".earth" / "config.yml").exists()


def test_two_clients_that_share_a_configuration_are_both_enrolled(tmp_path: Path, team: Team) -> None:
    environ = {"HOME": str(tmp_path), "EARTHLY_CONFIG": str(tmp_path / "shared.yml")}
    (tmp_path / "shared.yml").write_bytes(CONFIG)
    both = [clients.locate(name, environ) for name in ("earthly", "earthbuild")]
    bundle = team.bundle()
    config_clients.apply(config_clients.plan(bundle, both))
    for client in both:
        assert config.read(client, environ).tlskey.read_bytes() == bundle.files()["key.pem"]
    assert all(step.is_done for step in config_clients.plan(bundle, both))


def test_a_configuration_that_cannot_be_edited_is_refused_with_file_and_line(tmp_path: Path, team: Team) -> None:
    alice = Laptop(tmp_path / "alice", b"a: &a {}\nglobal: *a\n")
    before = alice.everything()
    with pytest.raises(RefusedError, match=r"config\.yml: line 2: "):
        alice.enroll(team.bundle())
    assert alice.everything() == before


def test_a_named_configuration_in_no_folder_is_refused(alice: Laptop, team: Team) -> None:
    with pytest.raises(MissingError, match="does not exist"):
        alice.enroll(team.bundle(), client=alice.client._replace(config=alice.home / "none" / "config.yml"))


def test_a_folder_that_is_not_certkits_is_left_alone(alice: Laptop, team: Team) -> None:
    alice.folder("acme").mkdir(parents=True)
    before = alice.everything()
    with pytest.raises(RefusedError, match="not made by certkit"):
        alice.enroll(team.bundle())
    assert alice.everything() == before


def test_a_bundle_without_a_key_is_refused(alice: Laptop, team: Team) -> None:
    with pytest.raises(MissingError, match="no key"):
        alice.enroll(replace(team.bundle(), key=None))


def test_a_failure_leaves_nothing_behind(alice: Laptop, team: Team) -> None:
    before = alice.everything()
    steps = config_clients.plan(team.bundle(), [alice.client])
    alice.config.write_bytes(CONFIG + b"# edited in this moment\n")
    with pytest.raises(RefusedError, match="has just been changed"):
        config_clients.apply(steps)
    assert alice.everything() == before | {".earthly/config.yml": CONFIG + b"# edited in this moment\n"}


def test_a_crash_before_the_configuration_leaves_the_former_state_and_the_next_try_works(
    alice: Laptop, team: Team
) -> None:
    bundle = team.bundle()
    [step] = config_clients.plan(bundle, [alice.client])
    files.write_directory(step.folder, step.contents)
    assert alice.config.read_bytes() == CONFIG
    alice.enroll(bundle)
    assert config.read(alice.client, {}).tlskey.read_bytes() == bundle.files()["key.pem"]
    assert alice.unenroll().restored == CONFIG


def test_a_former_backup_of_another_content_is_kept(alice: Laptop, team: Team) -> None:
    backup = alice.config.with_name("config.yml.before-acme")
    backup.write_bytes(b"older: 1\n")
    alice.enroll(team.bundle())
    assert backup.read_bytes() == b"older: 1\n"
    assert alice.config.with_name("config.yml.before-acme.2").read_bytes() == CONFIG


def test_a_damaged_record_is_said_so(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    (alice.folder("acme") / "enrollment.json").write_text('{"team": 1}')
    with pytest.raises(CertkitError, match=r"enrollment\.json is damaged"):
        alice.enroll(team.bundle())


def test_a_record_of_another_team_is_said_so(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    alice.folder("acme").rename(alice.folder("beta"))
    with pytest.raises(CertkitError, match=r"enrollment\.json is of another team"):
        alice.enroll(of_team(team.bundle(), "beta"))
