"""Links, mode and owner of the configuration, and what may not be written."""

import os
import stat
from pathlib import Path

import pytest

from certkit.errors import MalformedError, RefusedError
from tests.enroll.conftest import Team
from tests.enroll.laptops import CONFIG, Laptop

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def alice(tmp_path: Path) -> Laptop:
    return Laptop(tmp_path / "alice")


def test_a_symbolic_link_is_followed_and_stays(alice: Laptop, team: Team) -> None:
    target = alice.home / "dotfiles" / "earthly.yml"
    target.parent.mkdir()
    alice.config.rename(target)
    alice.config.symlink_to("../dotfiles/earthly.yml")
    alice.enroll(team.bundle())
    assert alice.config.is_symlink()
    assert b"acme" in target.read_bytes()
    assert alice.config.with_name("config.yml.before-acme").read_bytes() == CONFIG


def test_a_circle_of_links_is_refused(alice: Laptop, team: Team) -> None:
    alice.config.unlink()
    alice.config.symlink_to(alice.config.name)
    with pytest.raises(MalformedError, match="leads nowhere"):
        alice.enroll(team.bundle())


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_the_mode_stays(alice: Laptop, team: Team, mode: int) -> None:
    alice.config.chmod(mode)
    alice.enroll(team.bundle())
    assert stat.S_IMODE(alice.config.stat().st_mode) == mode
    assert stat.S_IMODE(alice.config.with_name("config.yml.before-acme").stat().st_mode) == mode


@AS_ROOT
def test_the_owner_stays(alice: Laptop, team: Team) -> None:
    os.chown(alice.config, 4242, 4243)
    alice.enroll(team.bundle())
    found = alice.config.stat()
    assert (found.st_uid, found.st_gid) == (4242, 4243)


def test_a_read_only_configuration_is_refused_for_root_too(alice: Laptop, team: Team) -> None:
    alice.config.chmod(0o444)
    before = alice.everything()
    with pytest.raises(RefusedError, match=r"config\.yml is read-only") as caught:
        alice.enroll(team.bundle())
    assert "chmod u+w" in caught.value.hint
    assert alice.everything() == before


def test_a_link_into_a_read_only_store_gets_the_files_and_the_lines_to_paste(alice: Laptop, team: Team) -> None:
    store = alice.home / "store"
    store.mkdir()
    alice.config.rename(store / "config.yml")
    alice.config.symlink_to(store / "config.yml")
    alice.config.chmod(0o444)
    store.chmod(0o555)
    bundle = team.bundle()
    (step,) = alice.enroll(bundle)
    assert (store / "config.yml").read_bytes() == CONFIG
    assert (alice.folder("acme") / "key.pem").exists()
    assert step.to_paste[0] == "global:"
    assert "  tlskey: ./certs/acme/key.pem" in step.to_paste
    assert len(step.to_paste) == 6
    (store / "config.yml").chmod(0o644)
    (store / "config.yml").write_text("\n".join(step.to_paste))
    (store / "config.yml").chmod(0o444)
    (again,) = alice.enroll(bundle)
    store.chmod(0o755)
    assert again.is_done


def test_what_the_client_stops_at_is_told_and_does_not_hinder(alice: Laptop, team: Team) -> None:
    alice.config.write_text("%YAML 1.2\n---\nglobal:\n  cache_size_mb: 20GB\n  tls_enabled: 'true'\n")
    (step,) = alice.enroll(team.bundle())
    assert [(fault.line, fault.key) for fault in step.faults] == [(1, ""), (8, "global.cache_size_mb")]
    assert "./certs/acme/key.pem" in alice.config.read_text()
