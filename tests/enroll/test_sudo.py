"""Under sudo: what a user has planted in their own folders leads root nowhere that they could not go themselves."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from certkit import files
from certkit.earthly import clients
from certkit.earthly.clients import Client
from certkit.earthly.user import User
from certkit.enroll import config_clients, request, unenrollment
from certkit.enroll.unenrollment import Unenrollment
from certkit.errors import CertkitError
from tests.enroll.conftest import Team

MALLORY = (4242, 4243)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder of root's that everybody can enter, as /home is one, with Mallory's home in it."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        (place / "mallory").mkdir()
        os.chown(place / "mallory", *MALLORY)
        yield place


@pytest.fixture
def client(place: Path) -> Client:
    found = clients.locate("earthly", {"HOME": str(place / "mallory")})._replace(owner=MALLORY)
    found.directory.mkdir()
    os.chown(found.directory, *MALLORY)
    return found


def plant(link: Path, target: Path) -> None:
    link.symlink_to(target)
    os.lchown(link, *MALLORY)


def test_all_files_are_handed_to_the_user(client: Client, team: Team) -> None:
    config_clients.apply(config_clients.plan(team.bundle(), [client]))
    made = [client.directory, *client.directory.rglob("*")]
    assert len(made) > 6
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in made} == {MALLORY}
    assert (os.geteuid(), os.getegid()) == (0, os.getgid())


def test_no_folder_is_made_through_a_planted_link(place: Path, client: Client, team: Team) -> None:
    (place / "etc").mkdir()
    plant(client.directory / "certs", place / "etc")
    with pytest.raises(CertkitError, match="cannot be written: Permission denied"):
        config_clients.apply(config_clients.plan(team.bundle(), [client]))
    assert not list((place / "etc").iterdir())


def test_no_secret_of_roots_is_read_as_a_configuration(place: Path, client: Client, team: Team) -> None:
    secret = place / "secret.yaml"
    files.write(secret, b"password: hunter2\n")
    plant(client.config, secret)
    with pytest.raises(CertkitError, match="cannot be read: Permission denied"):
        config_clients.plan(team.bundle(), [client])


def test_no_file_of_roots_is_edited(place: Path, client: Client, team: Team) -> None:
    target = place / "app.yaml"
    files.write(target, b"app: 1\n", mode=0o644)
    plant(client.config, target)
    with pytest.raises(CertkitError, match="read-only"):
        config_clients.plan(team.bundle(), [client])


def test_no_key_of_roots_is_put_into_an_answer(place: Path, client: Client, team: Team) -> None:
    bundle = team.bundle()
    assert bundle.key
    files.write(place / "key.pem", bundle.files()["key.pem"])
    plant(client.directory / "key.pem", place / "key.pem")
    with pytest.raises(CertkitError, match="cannot be read: Permission denied"):
        request.complete(User(place / "mallory", MALLORY), replace(bundle, key=None), [client.directory / "key.pem"])


def test_nothing_of_roots_is_removed(place: Path, client: Client, team: Team) -> None:
    config_clients.apply(config_clients.plan(team.bundle(), [client]))
    planned = Unenrollment(User(place, MALLORY), "acme", [unenrollment.plan_one(client, "acme")], [], [])
    folder = client.directory / "certs" / "acme"
    files.write(place / "key.pem", b"root's")
    folder.unlink()
    plant(folder, place)
    with pytest.raises(PermissionError):
        planned.apply()
    assert (place / "key.pem").exists()


def test_only_as_many_groups_are_put_back_as_the_system_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS names more groups than it takes."""
    put: list[list[int]] = []
    limit = 16
    monkeypatch.setattr(os, "getgroups", lambda: list(range(40)))
    monkeypatch.setattr(os, "sysconf", lambda _: limit)
    monkeypatch.setattr(os, "setgroups", put.append)
    with files.acting_as(MALLORY):
        assert os.geteuid() == MALLORY[0]
    assert put == [[MALLORY[1]], list(range(limit))]
    assert os.geteuid() == 0
