"""Enrolling and undoing, killed by SIGKILL at every change to the disk."""

from pathlib import Path

import pytest

from certkit.earthly import config
from tests.enroll.conftest import Team
from tests.enroll.laptops import CONFIG, Laptop
from tests.killed import lives_through

MOMENTS = range(28)


def assert_works(alice: Laptop) -> None:
    """Earthly reads either the former state or one whose files are all there."""
    found = config.read(alice.client, {})
    if alice.config.read_bytes() != CONFIG:
        assert found.tlskey == alice.folder("acme") / "key.pem"
        assert all(path.read_bytes() for path in (found.tlsca, found.tlscert, found.tlskey))


@pytest.mark.parametrize("moment", MOMENTS)
def test_enrolling_killed_leaves_the_former_state_or_the_new_and_can_be_repeated_and_undone(
    tmp_path: Path, team: Team, moment: int
) -> None:
    alice, bundle = Laptop(tmp_path / "alice"), team.bundle()
    lived = lives_through(moment, lambda: alice.enroll(bundle))
    assert not lived or moment > 8
    assert_works(alice)
    alice.enroll(bundle)
    assert config.read(alice.client, {}).tlskey.read_bytes() == bundle.files()["key.pem"]
    alice.unenroll()
    assert alice.config.read_bytes() == CONFIG
    assert not list(alice.home.rglob("key.pem"))


@pytest.mark.parametrize("moment", MOMENTS)
def test_undoing_killed_leaves_a_state_that_works_and_no_key_without_a_way_to_it(
    tmp_path: Path, team: Team, moment: int
) -> None:
    alice = Laptop(tmp_path / "alice")
    alice.enroll(team.bundle())
    lived = lives_through(moment, alice.unenroll)
    assert not lived or moment > 8
    assert_works(alice)
    if alice.folder("acme").is_symlink():
        alice.unenroll()
    assert alice.config.read_bytes() == CONFIG
    assert not list(alice.home.rglob("key.pem"))
