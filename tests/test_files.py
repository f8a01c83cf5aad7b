"""Files are private from their first byte, replaced whole, and written nowhere but where they are meant to be."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from certkit import files
from certkit.errors import CertkitError, RefusedError

LARGE = 1024 * 1024


@pytest.fixture
def permissive() -> Iterator[None]:
    """Let the process make files that everybody may read and write, unless it takes care itself."""
    former = os.umask(0)
    yield
    os.umask(former)


def mode(path: Path) -> int:
    """Return the permissions of a file or a folder."""
    return path.stat().st_mode & 0o777


class Spy:
    """Looks at a folder from another thread, all the time, and keeps every permission seen on a file in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen, self._done = folder, set[int](), threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.is_set():
            for entry in os.scandir(self.folder):
                try:
                    self.seen.add(entry.stat(follow_symlinks=False).st_mode & 0o777)
                except FileNotFoundError:
                    continue


@pytest.mark.usefixtures("permissive")
def test_a_file_is_private_from_its_first_byte(tmp_path: Path) -> None:
    with Spy(tmp_path) as spy:
        for number in range(30):
            files.write(tmp_path / f"key-{number}", bytes(LARGE))
    assert spy.seen == {0o600}


@pytest.mark.usefixtures("permissive")
def test_every_file_and_folder_of_a_set_is_private(tmp_path: Path) -> None:
    files.write_directory(tmp_path / "new" / "set", {"key.pem": b"k"})
    assert [mode(tmp_path / "new"), mode(tmp_path / "new" / "set")] == [0o700, 0o700]
    assert mode(tmp_path / "new" / "set" / "key.pem") == 0o600


def test_a_file_that_others_may_read_gets_exactly_the_mode_that_is_asked_for(tmp_path: Path) -> None:
    files.write(tmp_path / "request", b"r", mode=0o644)
    assert mode(tmp_path / "request") == 0o644


@pytest.mark.parametrize("replace", [True, False])
def test_a_planted_link_is_never_followed(tmp_path: Path, *, replace: bool) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    link = tmp_path / "link"
    link.symlink_to(victim)
    if replace:
        files.write(link, b"new")
        assert not link.is_symlink()
    else:
        with pytest.raises(RefusedError, match="exists already and is not overwritten"):
            files.write(link, b"new", replace=False)
    assert victim.read_bytes() == b"untouched"


def test_what_is_there_is_kept_when_it_must_not_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key"
    files.write(path, b"first", replace=False)
    with pytest.raises(RefusedError):
        files.write(path, b"second", replace=False)
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [b"first"]


def test_a_file_can_be_made_where_the_file_system_knows_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # what a FAT file system on a USB stick says

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "alice.certkit"
    files.write(path, b"first", replace=False)
    with pytest.raises(RefusedError, match="exists already"):
        files.write(path, b"second", replace=False)
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [b"first"]


def test_a_reader_finds_one_whole_set_and_never_a_mix(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    files.write_directory(folder, {"cert": b"0", "key": b"0"})
    done = threading.Event()

    def replace_it() -> None:
        for number in range(1, 60):
            files.write_directory(folder, dict.fromkeys(("cert", "key"), b"%d" % number))
        done.set()

    writer = threading.Thread(target=replace_it)
    writer.start()
    found = set()
    while not done.is_set():
        held = os.open(folder, os.O_DIRECTORY)
        try:
            found.add(tuple(read_at(held, name) for name in ("cert", "key")))
        except FileNotFoundError:  # the set that was opened has been replaced meanwhile: a reader tries again
            continue
        finally:
            os.close(held)
    writer.join()
    assert len(found) > 1
    assert all(cert == key for cert, key in found)
    assert {entry.name for entry in tmp_path.iterdir()} == {"set", str(folder.readlink())}


def read_at(folder: int, name: str) -> bytes:
    """Read a file of a folder that is held open."""
    descriptor = os.open(name, os.O_RDONLY, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def test_a_folder_that_certkit_did_not_make_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").touch()
    with pytest.raises(RefusedError, match="was not made by certkit"):
        files.write_directory(tmp_path / "mine", {"key": b"k"})
    assert (tmp_path / "mine" / "precious").exists()


def test_a_link_to_somebody_elses_folder_is_replaced_and_that_folder_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    (tmp_path / "set").symlink_to(elsewhere)
    files.write_directory(tmp_path / "set", {"key": b"k"})
    files.remove_directory(tmp_path / "set")
    assert [entry.name for entry in tmp_path.iterdir()] == ["elsewhere"]
    assert (elsewhere / "precious").exists()


def test_what_a_killed_command_left_of_a_set_is_swept_an_hour_later(tmp_path: Path) -> None:
    old, fresh, foreign = tmp_path / f".set.{'0' * 16}", tmp_path / f".set.{'1' * 16}", tmp_path / ".set.mine"
    for leftover in (old, fresh, foreign):
        leftover.mkdir()
        (leftover / "key").touch()
    files.write_directory(tmp_path / "set", {"key": b"k"})
    current = (tmp_path / "set").resolve()
    for folder in (old, foreign, current):
        os.utime(folder, (0, time.time() - 3700))
    files.write_directory(tmp_path / "other", {"key": b"k"})
    assert old.exists()
    files.sweep(tmp_path / "set")
    assert not old.exists()
    assert all(folder.exists() for folder in (fresh, foreign, current))


def test_a_full_disk_is_told_in_words_and_leaves_the_former_file(tmp_path: Path) -> None:
    files.write(tmp_path / "key", b"former")
    files.write_directory(tmp_path / "set", {"key": b"former"})
    former = sorted(tmp_path.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGE // 2, hard))
    try:
        with pytest.raises(CertkitError, match=r"key cannot be written: File too large"):
            files.write(tmp_path / "key", bytes(LARGE))
        with pytest.raises(CertkitError, match=r"set cannot be written: File too large"):
            files.write_directory(tmp_path / "set", {"cert": b"small", "key": bytes(LARGE)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "key").read_bytes() == (tmp_path / "set" / "key").read_bytes() == b"former"
    assert sorted(tmp_path.iterdir()) == former
