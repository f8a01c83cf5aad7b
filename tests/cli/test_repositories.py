"""Keys do not land in repositories: folders with keys carry a .gitignore, and what it does not cover is told."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import URL, Lead

TEAM = ("--team", "acme", "--daemon", URL)


def git(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture
def bundle(lead: Lead, home: Path, desk: Path) -> Path:
    """Return a bundle in the lead's folder."""
    lead("issue", "al", "--out", "al.certkit", "--no-passphrase")
    return desk / "al.certkit"


@pytest.fixture
def dotfiles(tmp_path: Path) -> Path:
    """Return a repository of dotfiles, into which ~/.earthly leads as GNU Stow makes it."""
    folder = tmp_path / "dotfiles"
    (folder / "earthly").mkdir(parents=True)
    (folder / "earthly" / "config.yml").write_text("global:\n  cache_size_mb: 100\n")
    git(folder, "init", "--quiet")
    (tmp_path / ".earthly").symlink_to("dotfiles/earthly")
    return folder


def test_in_a_repository_of_dotfiles_no_key_is_committed_and_what_might_be_is_told(
    lead: Lead, bundle: Path, dotfiles: Path
) -> None:
    ended = lead("enroll", bundle, "--for", "earthly", "--no-probe")
    assert ended.code == 0
    assert "~/.earthly/certs leads to ~/dotfiles/earthly/certs: the keys lie there." in ended.err
    assert "lies in the work tree ~/dotfiles; its .gitignore keeps the keys out of commits." in ended.err
    assert "Not covered by it: ~/.earthly/config.yml.before-acme." in ended.err
    git(dotfiles, "add", "--all")
    added = git(dotfiles, "ls-files")
    assert "earthly/config.yml" in added
    assert not [name for name in added if name.endswith((".pem", ".json"))]
    assert lead("unenroll").code == 0
    assert [path.name for path in (dotfiles / "earthly").iterdir()] == ["config.yml"]


def test_a_home_and_a_request_in_a_repository_are_not_committed(lead: Lead, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    ended = lead("init", *TEAM)
    assert "~/home lies in the work tree ~; its" in ended.err
    assert lead("enroll", "--request", "al.csr").code == 0
    assert lead("enroll", "--request", "bo.csr").code == 0
    git(tmp_path, "add", "--all")
    assert git(tmp_path, "ls-files") == ["desk/al.csr", "desk/bo.csr"]


def test_a_home_of_a_former_certkit_is_covered_from_its_next_change_on(lead: Lead, home: Path) -> None:
    (home / ".gitignore").unlink()
    assert lead("list").code == 0
    assert not (home / ".gitignore").exists()
    assert lead("issue", "al", "--out", "al.certkit").code == 0
    assert (home / ".gitignore").read_text() == "*\n"


def test_a_bundle_in_clear_in_a_work_tree_is_told(lead: Lead, home: Path, desk: Path) -> None:
    git(desk, "init", "--quiet")
    ended = lead("issue", "al", "--out", "al.certkit", "--no-passphrase")
    assert "al.certkit lies in the work tree ~/desk and is not encrypted: do not commit it." in ended.err
    assert "work tree" not in lead("issue", "bo", "--out", "bo.certkit").err


def test_elsewhere_nothing_is_said(lead: Lead, bundle: Path) -> None:
    assert "lies in" not in lead("enroll", bundle, "--for", "earthly", "--no-probe").err


@pytest.fixture
def data(lead: Lead, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of applications' data, in a user's account that has no team yet."""
    monkeypatch.delenv("CERTKIT_HOME")
    return tmp_path / ".local" / "share"


def test_a_developer_becomes_a_lead_with_the_same_account(lead: Lead, bundle: Path, data: Path) -> None:
    assert lead("enroll", bundle, "--for", "buildx", "--no-probe").code == 0
    assert lead("init", *TEAM).code == 0
    assert lead("unenroll").code == 0
    assert sorted(path.name for path in data.iterdir()) == ["certkit"]
    assert lead("list").code == 0


def former(data: Path) -> Path:
    """Move what is enrolled to where a former certkit kept it."""
    (data / "certkit").mkdir()
    (data / "certkit-laptop" / "clients").rename(data / "certkit" / "clients")
    return data / "certkit" / "clients" / "acme" / "build"


def test_an_enrollment_of_a_former_certkit_is_used_renewed_and_left_where_it_is(
    lead: Lead, bundle: Path, data: Path
) -> None:
    lead("enroll", bundle, "--for", "buildctl", "--no-probe")
    place = former(data)
    assert "Already enrolled" in lead("enroll", bundle, "--for", "buildctl", "--no-probe").out
    code, what, remedy = lead("init", *TEAM).complaint
    assert (code, what) == (1, f"certkit: {data}/certkit holds an enrollment of this user's laptop")
    assert remedy == "Choose another folder with --home, or leave first: certkit unenroll"
    assert (place / "key.pem").exists()
    assert lead("unenroll").code == 0
    assert not list(data.rglob("key.pem"))
    (data / "certkit" / "clients").mkdir(parents=True)  # as a former certkit left it
    assert lead("init", *TEAM).code == 0
