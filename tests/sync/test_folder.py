"""The daemon's files on its host: replaced in one step, whatever was there before, and whoever is killed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from certkit.errors import RefusedError
from certkit.sync import folder
from certkit.sync.folder import Files
from tests import killed

FORMER, NEWEST = (Files(*(f"{name} {age}".encode() for name in folder.NAMES)) for age in ("former", "newest"))


def plain(place: Path) -> None:
    """Put the former files there as scp does, beside something of the operator's."""
    place.mkdir()
    for name, content in FORMER.contents.items():
        (place / name).write_bytes(content)
    (place / "client.pem").write_text("haproxy's own")


def synced(place: Path) -> None:
    """Put the former files there as a former round did."""
    folder.write(place, FORMER)


@pytest.mark.parametrize("begin", [plain, synced])
def test_whoever_is_killed_leaves_the_former_files_or_the_newest_and_never_a_mix(
    tmp_path: Path, begin: Callable[[Path], None]
) -> None:
    place = tmp_path / "certs"
    begin(place)
    for _ in killed.at_every_moment(lambda: folder.write(place, NEWEST)):
        assert folder.read(place) in (FORMER, NEWEST)
        folder.write(place, NEWEST)
        assert folder.read(place) == NEWEST
        assert folder.is_linked(place)
        shutil.rmtree(place)
        begin(place)


def test_what_else_is_in_the_folder_stays_and_a_mount_of_one_file_sees_the_newest(tmp_path: Path) -> None:
    place = tmp_path / "certs"
    plain(place)
    (place / "cert.pem.key").symlink_to("key.pem")
    inode = place.stat().st_ino
    folder.write(place, NEWEST)
    assert (place / "client.pem").read_text() == "haproxy's own"
    assert (place / "cert.pem.key").read_bytes() == NEWEST.key
    assert place.stat().st_ino == inode
    assert {path.stat().st_mode & 0o777 for path in place.glob("c*.pem") if path.is_symlink()} == {0o600}
    assert len(list(place.glob(".current.*"))) == 1


def test_a_file_in_the_way_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "certs").write_text("")
    with pytest.raises(RefusedError):
        folder.write(tmp_path / "certs", NEWEST)
