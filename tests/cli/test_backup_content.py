"""What `certkit backup` takes of a home that people have rearranged: whatever it writes, `certkit restore` reads."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from certkit import files
from tests.cli.conftest import Lead
from tests.cli.openssl import is_let_in, issue

SECRET = ("--passphrase-file", "secret")


@pytest.fixture(autouse=True)
def secret(lead: Lead) -> None:
    files.write(Path("secret"), b"violet anchor\n")


def key_elsewhere(home: Path) -> None:
    shutil.move(home / "authorities/client-1/key.pem", home.parent / "stick.pem")
    (home / "authorities/client-1/key.pem").symlink_to(home.parent / "stick.pem")


def folder_elsewhere(home: Path) -> None:
    shutil.move(home / "authorities/client-1", home.parent / "stick")
    (home / "authorities/client-1").symlink_to(home.parent / "stick")


def all_authorities_elsewhere(home: Path) -> None:
    shutil.move(home / "authorities", home.parent / "stick")
    (home / "authorities").symlink_to(home.parent / "stick")


def daemon_elsewhere(home: Path) -> None:
    (home / "daemons/build").resolve().rename(home.parent / "build")
    (home / "daemons/build").unlink()
    (home / "daemons/build").symlink_to(home.parent / "build")


def hard_link(home: Path) -> None:
    os.link(home / "authorities/client-1/key.pem", home / "authorities/client-1/key.pem.old")


def deep_folder(home: Path) -> None:
    (home / "authorities/client-1/old/er").mkdir(parents=True)
    (home / "authorities/client-1/old/er/key.pem").write_text("mine")


def pipe(home: Path) -> None:
    os.mkfifo(home / "daemons/pipe")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (key_elsewhere, ""),
        (folder_elsewhere, ""),
        (all_authorities_elsewhere, ""),
        (daemon_elsewhere, ""),
        (hard_link, ""),
        (deep_folder, "~/home/authorities/client-1/old is no file of certkit's, and is not in the backup."),
        (pipe, "~/home/daemons/pipe is no file of certkit's, and is not in the backup."),
    ],
)
def test_a_home_that_was_rearranged_is_restored_and_goes_on(
    lead: Lead, home: Path, tmp_path: Path, change: Callable[[Path], None], told: str
) -> None:
    former = issue(lead, "al")
    change(home)
    ended = lead("backup", "sealed", *SECRET)
    assert (ended.code, ended.err.strip()) == (0, told)
    for elsewhere in ("stick", "build"):
        shutil.rmtree(tmp_path / elsewhere, ignore_errors=True)
    shutil.rmtree(home)
    assert lead("restore", "sealed", *SECRET).code == 0
    assert lead("daemon", "renew", "build").code == 0
    assert is_let_in(home, former)
    lead("revoke", "al")
    assert not is_let_in(home, former)
    assert not [path for path in home.rglob("*") if path.name.startswith(".trial")]


def test_an_authority_s_key_that_is_kept_apart_is_told_and_fits_the_restored_home(
    lead: Lead, home: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "vault.pem"
    shutil.move(home / "authorities/server-1/key.pem", kept)
    ended = lead("backup", "sealed", *SECRET)
    assert ended.code == 0
    assert (
        ended.err
        == "~/home/authorities/server-1/key.pem is kept apart from the home, so it is not in the backup either.\n"
    )
    shutil.rmtree(home)
    ended = lead("restore", "sealed", *SECRET)
    assert "put it back as ~/home/authorities/server-1/key.pem" in ended.out
    issue(lead, "al")
    assert "server-1/key.pem" in lead("daemon", "renew", "build").complaint[1]
    shutil.move(kept, home / "authorities/server-1/key.pem")
    assert lead("daemon", "renew", "build").code == 0


@pytest.mark.parametrize("place", ["vault", "home/vault"])
def test_the_authorities_passphrase_in_a_file_is_told_and_opens_the_restored_home(
    lead: Lead, home: Path, tmp_path: Path, place: str
) -> None:
    vault = tmp_path / place
    files.write(vault, b"amber lantern harbor\n")
    assert lead("authority", "passphrase", "--passphrase-file", vault).code == 0
    ended = lead("backup", "sealed", *SECRET)
    assert ended.code == 0
    assert ended.err == (
        f"The authorities' passphrase, in ~/{place}, is not in the backup: keep a copy of it elsewhere.\n"
    )
    content = vault.read_bytes()
    vault.unlink()
    shutil.rmtree(home)
    ended = lead("restore", "sealed", *SECRET)
    assert f"put it back as ~/{place}," in ended.out
    assert lead("daemon", "renew", "build").code == 1
    files.write(vault, content)
    assert lead("daemon", "renew", "build").code == 0


def test_the_authorities_passphrase_from_a_command_is_told_to_be_in_no_backup(lead: Lead, home: Path) -> None:
    files.write(Path("vault"), b"amber lantern harbor\n")
    assert lead("authority", "passphrase", "--passphrase-command", "cat vault").code == 0
    assert "only the command that prints it: cat vault" in lead("backup", "sealed", *SECRET).err


def test_a_link_to_a_disk_that_is_not_attached_is_told_and_nothing_is_written(
    lead: Lead, home: Path, tmp_path: Path
) -> None:
    key_elsewhere(home)
    (tmp_path / "stick.pem").rename(tmp_path / "detached")
    code, what, remedy = lead("backup", "sealed", *SECRET).complaint
    assert code == 1
    assert f"leads to {tmp_path}/stick.pem, which cannot be reached" in what
    assert remedy.startswith("Attach what it lies on")
    assert not Path("sealed").exists()
    assert "never backed up" in lead("status").out


def test_a_home_that_nobody_could_restore_makes_no_backup(lead: Lead, home: Path) -> None:
    shutil.copy(home / "authorities/client-1/key.pem", home / "daemons/build/key.pem")
    code, what, _ = lead("backup", "sealed", *SECRET).complaint
    assert (code, "the key in build is not that of its certificate" in what) == (1, True)
    assert not Path("sealed").exists()
    assert "never backed up" in lead("status").out


def test_the_passphrase_of_a_key_that_lies_elsewhere_is_not_changed_here(
    lead: Lead, home: Path, tmp_path: Path
) -> None:
    key_elsewhere(home)
    before = (tmp_path / "stick.pem").read_bytes()
    code, what, _ = lead("authority", "passphrase", "--passphrase-file", "secret").complaint
    assert code == 1
    assert what == f"certkit: {home}/authorities/client-1/key.pem is kept elsewhere: {tmp_path}/stick.pem"
    assert (tmp_path / "stick.pem").read_bytes() == before
    assert lead("issue", "al", "--out", "al.certkit").code == 0


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES])
def test_where_folders_cannot_be_flushed_nothing_is_lost(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Network shares answer so to a folder's fsync, behind a rename that was done."""
    sync = os.fsync

    def refuse(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112  a link of the kernel's
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    assert lead("backup", "sealed", *SECRET).code == 0
    assert "Passphrase  " in lead("issue", "al", "--out", "al.certkit").out
    assert Path("sealed").exists()
    assert Path("al.certkit").exists()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_where_nothing_can_be_flushed_all_is_written_all_the_same(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    assert lead("backup", "sealed", *SECRET).code == 0
    assert Path("sealed").stat().st_size > 1000


def test_a_disk_that_fails_leaves_no_file_that_nobody_can_open(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, sync = Path.cwd(), os.fsync

    def refuse(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").resolve() == desk:
            raise OSError(errno.EIO, "Input/output error")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    code, what, remedy = lead("backup", "sealed", *SECRET).complaint
    assert (code, what) == (1, "certkit: sealed cannot be written: Input/output error")
    assert "fails" in remedy
    assert not Path("sealed").exists()
