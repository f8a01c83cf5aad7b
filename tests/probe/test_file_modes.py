"""A key whose mode cannot be changed is a warning with the way out of the place that it lies in."""

import os
from pathlib import Path

import pytest

from certkit.cli.support.remedies import of_finding
from certkit.probe.file_modes import Hindrance, hindrance
from tests.probe.pki import Pki, probe
from tests.team import Files

NOWHERE = "tcp://127.0.0.1:1"
MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
90 22 0:50 / /mnt/c rw,noatime - 9p C:\\134 rw,aname=drvfs
91 22 0:51 / /mnt/with\\040blank rw - vfat /dev/sdb1 rw
92 22 0:52 / /mnt/c/linux rw - ext4 /dev/sdc1 rw
broken
"""


@pytest.fixture
def files(pki: Pki) -> Files:
    return pki.client_files()


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/mnt/c/key.pem", Hindrance.MOUNT), ("/mnt/with blank/key.pem", Hindrance.MOUNT), ("/mnt/candy/key.pem", None)],
)
def test_a_mount_without_modes_is_told_by_its_type(
    path: str, expected: Hindrance | None, monkeypatch: pytest.MonkeyPatch, files: Files
) -> None:
    real = files.key
    monkeypatch.setattr(Path, "resolve", lambda _: Path(path))
    assert hindrance(real, MOUNTS) is expected


def test_a_linux_file_system_below_such_a_mount_has_modes(monkeypatch: pytest.MonkeyPatch, files: Files) -> None:
    monkeypatch.setattr(Path, "resolve", lambda _: Path("/mnt/c/linux/key.pem"))
    assert hindrance(files.key, MOUNTS) is None


def test_a_kubernetes_secret_is_a_warning_that_names_its_setting(files: Files, tmp_path: Path) -> None:
    newest = tmp_path / "..2026_11_25"
    newest.mkdir()
    files.key.rename(newest / "key.pem")
    (newest / "key.pem").chmod(0o644)
    (tmp_path / "..data").symlink_to(newest.name)
    key = tmp_path / "key.pem"
    key.symlink_to("..data/key.pem")
    [found] = (each for each in probe(NOWHERE, Files(files.ca, files.cert, key), timeout=0.2).findings[:1])
    assert (found.id, found.severity) == ("key-not-private", "warning")
    assert "secret.defaultMode" in of_finding(found)
    assert "chmod" not in of_finding(found)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_key_of_another_owner_is_copied_rather_than_changed(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    files.key.chmod(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    found = probe(NOWHERE, files, timeout=0.2).findings[0]
    assert (found.id, found.fields["code"]) == ("key-not-private", "mode-of-another-owner")
    assert f"install -m 600 {files.key} ~/key.pem" in of_finding(found)


def test_one_s_own_key_is_changed(files: Files) -> None:
    files.key.chmod(0o644)
    assert f"chmod 600 {files.key}" in of_finding(probe(NOWHERE, files, timeout=0.2).findings[0])


def test_a_path_with_blanks_can_be_pasted(files: Files, tmp_path: Path) -> None:
    folder = tmp_path / "jo smith"
    folder.mkdir()
    moved = files.key.rename(folder / "key.pem")
    moved.chmod(0o644)
    command = of_finding(probe(NOWHERE, Files(files.ca, files.cert, moved), timeout=0.2).findings[0]).splitlines()[1]
    assert os.system(command) == 0
    assert moved.stat().st_mode & 0o777 == 0o600
