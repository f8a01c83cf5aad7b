"""What `buildctl` and `docker buildx` need."""

import os
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from certkit.earthly import flag_clients
from certkit.earthly.user import User, user_of
from certkit.enroll import flag_files
from certkit.enroll.bundle import Daemon
from certkit.errors import MissingError
from tests.enroll.conftest import Team

DAEMONS = (Daemon("build", "tcp://build.acme.example:8372"), Daemon("arm", "tcp://[2001:db8::1]:1234"))


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "my data"))
    return tmp_path / "my data"


def me() -> User:
    return user_of(os.environ)


def test_each_daemon_has_its_three_private_files(team: Team) -> None:
    bundle = team.bundle(daemons=DAEMONS)
    assert not flag_files.is_written(bundle, me(), DAEMONS)
    flag_files.write(bundle, me(), DAEMONS)
    assert flag_files.is_written(bundle, me(), DAEMONS)
    for daemon in DAEMONS:
        folder = flag_clients.folder(me(), "acme", daemon.name)
        assert {path.name for path in folder.glob("[!.]*")} == {"ca.pem", "cert.pem", "key.pem", "url"}
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
        assert (folder / "key.pem").read_bytes() == bundle.files()["key.pem"]


def test_all_server_authorities_are_in_one_file(team: Team) -> None:
    twice = replace(team.bundle(), server_authorities=team.bundle().server_authorities * 2)
    flag_files.write(twice, me(), DAEMONS[:1])
    assert (flag_clients.folder(me(), "acme", "build") / "ca.pem").read_bytes().count(b"BEGIN CERTIFICATE") == 2


def test_another_bundle_replaces_the_files(team: Team) -> None:
    flag_files.write(team.bundle(), me(), DAEMONS)
    new = team.bundle()
    assert not flag_files.is_written(new, me(), DAEMONS)
    flag_files.write(new, me(), DAEMONS)
    assert flag_files.is_written(new, me(), DAEMONS)


def test_the_command_for_buildctl_can_be_pasted(data: Path) -> None:
    words = shlex.split(flag_files.command("buildctl", me(), "acme", DAEMONS[0]))
    folder = f"{data}/certkit-laptop/clients/acme/build"
    assert words[:3] == ["buildctl", "--addr", "tcp://build.acme.example:8372"]
    assert words[3:7] == ["--tlscacert", f"{folder}/ca.pem", "--tlscert", f"{folder}/cert.pem"]
    assert words[7:] == ["--tlskey", f"{folder}/key.pem", "debug", "workers"]


def test_the_command_for_buildx_can_be_pasted(data: Path) -> None:
    words = shlex.split(flag_files.command("buildx", me(), "acme", DAEMONS[1]))
    folder = data / "certkit-laptop" / "clients" / "acme" / "arm"
    assert words == [
        "docker", "buildx", "create", "--name", "acme-arm", "--driver", "remote", "--driver-opt",
        f"cacert={folder}/ca.pem,cert={folder}/cert.pem,key={folder}/key.pem", "tcp://[2001:db8::1]:1234",
    ]  # fmt: skip


def test_everything_of_a_team_can_be_removed(team: Team, data: Path) -> None:
    flag_files.write(team.bundle(), me(), DAEMONS)
    assert flag_files.remove(me(), "acme") == [
        flag_clients.folder(me(), "acme", "arm"),
        flag_clients.folder(me(), "acme", "build"),
    ]
    assert list(data.iterdir()) == []
    assert flag_files.remove(me(), "acme") == []


def test_an_answer_without_its_key_is_no_use(team: Team) -> None:
    with pytest.raises(MissingError):
        flag_files.write(replace(team.bundle(), key=None), me(), DAEMONS)
