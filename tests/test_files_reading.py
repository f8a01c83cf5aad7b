"""Reading what somebody names, the folders, and the lock."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from certkit import files
from certkit.errors import CertkitError, MalformedError, MissingError, RefusedError

NOBODY = 65534


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="nothing does not exist"):
        files.read(tmp_path / "nothing")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="is a folder, not a file"):
        files.read(tmp_path)


def test_a_file_of_the_limits_size_is_read_and_a_larger_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(10))
    assert files.read(path, limit=10) == bytes(10)
    with pytest.raises(MalformedError, match="larger than 9 bytes"):
        files.read(path, limit=9)


def test_a_pipe_that_nobody_writes_to_does_not_hold_anyone_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MalformedError, match="not a regular file"):
        files.read(tmp_path / "pipe")


def test_an_endless_device_is_refused() -> None:
    with pytest.raises(MalformedError, match="not a regular file"):
        files.read(Path("/dev/zero"))


def test_a_folder_that_is_there_is_made_private(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    files.make_private_directory(tmp_path / "open")
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o700


def test_a_file_in_a_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RefusedError, match="is not a folder"):
        files.make_private_directory(tmp_path / "file")
    with pytest.raises(CertkitError, match="cannot be written: Not a directory"):
        files.write(tmp_path / "file" / "key", b"k")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files that belong to somebody else")
class TestOwners:
    """What belongs to somebody else is not trusted."""

    def test_a_folder_of_another_user_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "theirs").mkdir()
        os.chown(tmp_path / "theirs", NOBODY, NOBODY)
        with pytest.raises(RefusedError, match="belongs to another user"):
            files.make_private_directory(tmp_path / "theirs")

    def test_a_link_that_another_user_planted_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir(mode=0o755)
        (tmp_path / "link").symlink_to("mine")
        os.lchown(tmp_path / "link", NOBODY, NOBODY)
        with pytest.raises(RefusedError, match="belongs to another user"):
            files.make_private_directory(tmp_path / "link")
        assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o755

    def test_everything_is_handed_to_the_owner_that_is_named(self, tmp_path: Path) -> None:
        files.write_directory(tmp_path / "set", {"key": b"k"}, owner=(NOBODY, NOBODY))
        files.write(tmp_path / "file", b"f", owner=(NOBODY, NOBODY))
        found = [tmp_path / "set", (tmp_path / "set").resolve(), tmp_path / "set" / "key", tmp_path / "file"]
        assert {(path.lstat().st_uid, path.lstat().st_gid) for path in found} == {(NOBODY, NOBODY)}


def test_who_wants_a_lock_that_is_held_waits(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    waiting = f"""
from pathlib import Path
from certkit.files import locked
print("waiting", flush=True)
with locked(Path({str(lock)!r})):
    print(Path({str(tmp_path / "word")!r}).read_text())
"""
    with files.locked(lock):
        other = subprocess.Popen([sys.executable, "-c", waiting], stdout=subprocess.PIPE, text=True)
        assert other.stdout
        assert other.stdout.readline() == "waiting\n"
        (tmp_path / "word").write_text("written under the lock")
    assert other.communicate(timeout=10)[0] == "written under the lock\n"
    assert lock.stat().st_mode & 0o777 == 0o600


def test_a_lock_that_is_a_planted_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(CertkitError, match="lock cannot be written"), files.locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "victim").exists()


def test_the_data_folder_is_the_platforms_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert files.application_directory() == tmp_path / ".local" / "share" / "certkit"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert files.application_directory() == Path("/data/certkit")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert files.application_directory() == tmp_path / "Library" / "Application Support" / "certkit"
