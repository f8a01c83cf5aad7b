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
