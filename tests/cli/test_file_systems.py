"""Homes and laptops on file systems that lack something, and homes that were copied to one: led, or told before."""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import URL, Lead
from tests.cli.openssl import is_let_in, issue

Patch = pytest.MonkeyPatch
INIT = ("init", "--team", "acme", "--daemon", URL)


def failing(number: int) -> Callable[..., None]:
    """Return a system call that always fails so."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK])
def test_without_hard_links_files_are_made_and_never_overwritten(
    lead: Lead, home: Path, desk: Path, monkeypatch: Patch, number: int
) -> None:
    monkeypatch.setattr(os, "link", failing(number))
    assert lead("issue", "al", "--out", "al.certkit").code == 0
    Path("secret").write_text("violet anchor kettle\n")
    assert lead("backup", "sealed", "--passphrase-file", "secret").code == 0
    assert lead("issue", "al", "--out", "al.certkit").code == 1
    assert sorted(path.name for path in desk.iterdir()) == ["al.certkit", "sealed", "secret"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_without_symbolic_links_no_team_is_made(
    lead: Lead, tmp_path: Path, desk: Path, monkeypatch: Patch, number: int
) -> None:
    monkeypatch.setattr(os, "symlink", failing(number))
    code, what, remedy = lead(*INIT).complaint
    assert code == 1
    assert what.startswith(f"certkit: {tmp_path}/")
    assert what.endswith("has no symbolic links")
    assert remedy.startswith("Choose a folder on another file system")
    assert [path.name for path in tmp_path.iterdir()] == ["desk"]


def test_without_symbolic_links_a_laptop_s_configuration_stays_as_it_is(
    lead: Lead, home: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    config = tmp_path / ".earthly" / "config.yml"
    config.parent.mkdir()
    config.write_text("global:\n  cache_size_mb: 100\n")
    lead("issue", "al", "--out", "al.certkit", "--no-passphrase")
    monkeypatch.setattr(os, "symlink", failing(errno.ENOTSUP))
    ended = lead("enroll", "al.certkit", "--no-probe")
    assert ended.code == 1
    assert f"{config.parent}/certs/acme cannot be made: its file system" in ended.err
    assert config.read_text() == "global:\n  cache_size_mb: 100\n"
    assert not list(tmp_path.rglob("key.pem.*")) + list((config.parent / "certs").rglob("*.pem"))


def test_where_every_folder_is_everybody_s_no_team_is_made(lead: Lead, tmp_path: Path, monkeypatch: Patch) -> None:
    mkdir = os.mkdir
    monkeypatch.setattr(os, "mkdir", lambda path, _mode=0o777: mkdir(path, 0o777))
    monkeypatch.setattr(os, "chmod", failing(errno.EPERM))
    code, what, _ = lead(*INIT).complaint
    assert (code, what.endswith("keeps nothing private")) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["desk"]


def test_where_modes_cannot_be_changed_what_others_may_read_is_written_all_the_same(
    lead: Lead, home: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    """A request on a stick with FAT; the client's configuration."""
    config = tmp_path / ".earthly" / "config.yml"
    config.parent.mkdir()
    config.write_text("global:\n  cache_size_mb: 100\n")
    monkeypatch.setattr(os, "fchmod", failing(errno.EPERM))
    assert lead("enroll", "--request", "al.csr").code == 0
    assert lead("sign", "al.csr", "--person", "al", "--out", "al.certkit").code == 0
    assert lead("enroll", "al.certkit", "--no-probe").code == 0
    assert "certs/acme" in config.read_text()


def test_without_locks_nothing_is_changed(lead: Lead, home: Path, monkeypatch: Patch) -> None:
    certificate = issue(lead, "al")
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))
    code, what, remedy = lead("revoke", "al").complaint
    assert code == 1
    assert what.startswith(f"certkit: {home}/lock cannot be made: its file system")
    assert what.endswith("has no locks")
    assert remedy
    assert lead("list", "--json").data["devices"][0]["state"] == "valid"
    assert is_let_in(home, certificate)


def test_a_ledger_that_is_none_is_named_with_what_helps(lead: Lead, home: Path) -> None:
    (home / "ledger.sqlite").write_bytes(b"x" * 4096)
    code, what, remedy = lead("list").complaint
    assert (code, what) == (1, f"certkit: {home}/ledger.sqlite: the ledger cannot be used: file is not a database")
    assert remedy == "It is no ledger: restore the home from a backup."


def without_links(source: Path, target: Path) -> None:
    """Copy as FAT, zip or rsync without -l does."""
    shutil.copytree(source, target, ignore=lambda folder, names: [n for n in names if (Path(folder) / n).is_symlink()])


def with_folders_for_links(source: Path, target: Path) -> None:
    """Copy as `cp -rL` does."""
    shutil.copytree(source, target)


@pytest.mark.parametrize("copy", [without_links, with_folders_for_links])
def test_a_home_that_was_copied_without_its_links_is_mended_by_the_next_change(
    lead: Lead, home: Path, tmp_path: Path, copy: Callable[[Path, Path], None]
) -> None:
    former = issue(lead, "al")
    home.rename(tmp_path / "former")
    copy(tmp_path / "former", home)
    assert "links that a copied home, or an interrupted command, has left out" in lead("status").err
    assert lead("revoke", "al").code == 0
    assert not is_let_in(home, former)
    assert lead("daemon", "renew", "build").code == 0
    for path in ("authorities/server", "authorities/client", "daemons/build", "canary"):
        assert (home / path).is_symlink(), path
    assert "unfinished" not in lead("list").err


def test_a_copy_with_another_key_where_a_link_was_is_not_touched(lead: Lead, home: Path) -> None:
    (home / "authorities/client").unlink()
    shutil.copytree(home / "authorities/client-1", home / "authorities/client")
    shutil.copy(home / "authorities/server-1/key.pem", home / "authorities/client/key.pem")
    code, what, remedy = lead("issue", "al", "--out", "al.certkit").complaint
    assert (code, "authorities/client is a folder where a link to client-1 was" in what) == (1, True)
    assert remedy.startswith("Move it out")
    assert (home / "authorities/client/key.pem").exists()
    assert not Path("al.certkit").exists()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space on its file system"),
        (errno.EDQUOT, "Free some space on its file system"),
        (errno.EROFS, ". is mounted read-only"),
        (errno.EACCES, "See who may write there"),
        (errno.ENAMETOOLONG, "Choose a shorter name"),
        (errno.ENOTDIR, "Check the path"),
        (errno.EIO, "The disk or the network share fails"),
        (errno.ENOTSUP, "Choose another place: its file system"),
        (errno.EBUSY, "Try again"),
    ],
)
def test_what_cannot_be_written_names_the_path_the_cause_and_what_helps(
    lead: Lead, home: Path, monkeypatch: Patch, number: int, remedy: str
) -> None:
    make = os.open

    def refuse(path: object, flags: int, *more: int, **named: int) -> int:
        if str(path).startswith(".al.certkit."):
            raise OSError(number, os.strerror(number))
        return make(str(path), flags, *more, **named)

    monkeypatch.setattr(os, "open", refuse)
    code, what, said = lead("issue", "al", "--device", "desk", "--out", "al.certkit").complaint
    assert (code, what) == (1, f"certkit: al.certkit cannot be written: {os.strerror(number)}")
    assert said.startswith(remedy)
    assert said.endswith("Its device is recorded: then run the same with --device desk")
    assert [each["device"] for each in lead("list", "--json").data["devices"]] == ["desk"]


@pytest.mark.parametrize(
    ("lacking", "issues", "restores"),
    [
        ("team.yml", False, True),
        ("ledger.sqlite", False, True),
        ("authorities/client-1/cert.pem", False, True),
        ("authorities/client-1/key.pem", False, True),
        ("authorities/server-1/cert.pem", False, True),
        ("authorities/server-1/key.pem", True, True),
        ("authorities/client", True, False),
        ("daemons", True, False),
        ("canary", True, False),
        ("lock", True, False),
        (".settings.json", True, False),
    ],
)
def test_a_home_without_some_of_its_files_is_mended_or_told_what_it_lacks(
    lead: Lead, home: Path, lacking: str, *, issues: bool, restores: bool
) -> None:
    for path in [home / lacking, *home.glob(f".{lacking}.*")]:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    ended = lead("issue", "al", "--out", "al.certkit", "--no-passphrase")
    assert (ended.code == 0) is issues, ended.err
    if not issues:
        what, remedy = ended.err.splitlines()
        assert (home / lacking).name in what or str(home) in what
        assert ("backup" in remedy) is restores, remedy
    elif restores:
        code, what, remedy = lead("daemon", "renew", "build").complaint
        assert (code, lacking in what, "backup" in remedy) == (1, True, True)
    else:
        assert lead("daemon", "renew", "build").code == 0
        assert lead("revoke", "al").code == 0
        assert lead("list").err == ""
