"""Laptops whose folders move: homes that are renamed or linked, long temporary folders, sudo that keeps HOME."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from certkit import files
from certkit.cli import main
from tests.cli.conftest import Lead
from tests.daemons.daemon import Daemon
from tests.team import Files

CONFIG = "# mine\nglobal:\n  cache_size_mb: 100\n"
Patch = pytest.MonkeyPatch


@pytest.fixture
def bundle(lead: Lead, home: Path, desk: Path) -> Path:
    """Return a bundle for Al."""
    lead("issue", "al", "--out", "al.certkit", "--no-passphrase")
    return desk / "al.certkit"


@pytest.fixture
def laptop(bundle: Path, tmp_path: Path, monkeypatch: Patch) -> Path:
    """Return the home folder of somebody who has Earthly, and a configuration."""
    place = tmp_path / "home-of-al"
    (place / ".earthly").mkdir(parents=True)
    (place / ".earthly" / "config.yml").write_text(CONFIG)
    monkeypatch.setenv("HOME", str(place))
    return place


def is_left(place: Path) -> bool:
    """Tell whether nothing of an enrollment is left in a home folder."""
    config = (place / ".earthly" / "config.yml").read_text()
    return config == CONFIG and not list(place.rglob("*.pem"))


@pytest.mark.parametrize("recorded", [True, False])
def test_in_a_home_that_was_renamed_all_is_undone(
    lead: Lead, bundle: Path, laptop: Path, monkeypatch: Patch, *, recorded: bool
) -> None:
    lead("enroll", bundle, "--no-probe")
    if not recorded:  # as a former certkit did
        record = laptop / ".earthly/certs/acme/enrollment.json"
        found = json.loads(record.read_text())
        del found["directory"]
        record.write_text(json.dumps(found))
    new = laptop.rename(laptop.with_name("al"))
    monkeypatch.setenv("HOME", str(new))
    assert "Already enrolled" in lead("enroll", bundle, "--no-probe").out
    ended = lead("unenroll")
    assert (ended.code, ended.out.splitlines()[0]) == (0, "Left acme")
    assert is_left(new)


def test_in_a_home_that_was_renamed_a_renewal_leaves_one_record(
    lead: Lead, bundle: Path, laptop: Path, monkeypatch: Patch
) -> None:
    lead("enroll", bundle, "--no-probe")
    new = laptop.rename(laptop.with_name("al"))
    monkeypatch.setenv("HOME", str(new))
    assert lead("enroll", bundle, "--no-probe", "--force").code == 0
    assert lead("unenroll").code == 0
    assert is_left(new)


@pytest.mark.parametrize("enrolled_by_link", [True, False])
def test_a_home_is_the_same_by_its_own_name_and_by_a_link(
    lead: Lead, bundle: Path, laptop: Path, monkeypatch: Patch, *, enrolled_by_link: bool
) -> None:
    link = laptop.with_name("link")
    link.symlink_to(laptop)
    places = [link, laptop] if enrolled_by_link else [laptop, link]
    monkeypatch.setenv("HOME", str(places[0]))
    lead("enroll", bundle, "--no-probe")
    monkeypatch.setenv("HOME", str(places[1]))
    assert lead("unenroll").code == 0
    assert is_left(laptop)


def test_a_key_stays_while_a_configuration_uses_it_and_that_is_said(
    lead: Lead, bundle: Path, laptop: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.yml"
    other.write_text(CONFIG)
    lead("enroll", bundle, "--no-probe")
    lead("enroll", bundle, "--no-probe", "--config", other)
    ended = lead("unenroll")
    assert ended.out.splitlines()[0] == f"Left acme with these files; still enrolled with {other}"
    assert f"certkit unenroll --config {other}" in ended.out
    assert (laptop / ".earthly/certs/acme/key.pem").exists()
    assert lead("unenroll", "--config", other).code == 0
    assert is_left(laptop)


def test_a_key_is_not_removed_while_a_configuration_that_nobody_recorded_uses_it(
    lead: Lead, bundle: Path, laptop: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.yml"
    other.write_text(CONFIG)
    lead("enroll", bundle, "--no-probe", "--config", other)
    shutil.copy(other, laptop / ".earthly" / "config.yml")
    code, what, _ = lead("unenroll", "--config", other).complaint
    assert (code, "the enrollment's files are used here, too" in what) == (1, True)
    assert (laptop / ".earthly/certs/acme/key.pem").exists()
    assert "certs/acme" in other.read_text()


def probe(standing: Daemon, alice: Files) -> int:
    named = ["--ca", alice.ca, "--cert", alice.cert, "--key", alice.key]
    return main(["probe", "--daemon", standing.url, *map(str, named)])


def test_a_temporary_folder_may_have_any_length(
    standing: Daemon, alice: Files, tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A socket's path has room for 104 bytes."""
    place = tmp_path / ("x" * 100)
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    assert probe(standing, alice) == 0
    assert "✓ BuildKit" in capsys.readouterr().out
    assert not list(place.iterdir())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has sockets that lie in no folder")
def test_the_probe_needs_no_folder_that_can_be_written(
    standing: Daemon, alice: Files, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in containers whose file system is read-only."""

    def refuse(*_: object, **__: object) -> str:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    assert probe(standing, alice) == 0
    assert "✓ BuildKit" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("client", ["earthly", "earthbuild", "buildctl", "buildx"])
def test_where_sudo_keeps_a_home_that_the_user_database_does_not_know_nothing_in_it_is_root_s(
    lead: Lead, bundle: Path, monkeypatch: Patch, client: str
) -> None:
    """Users of a directory service, or of a container, may be numbers only."""
    place = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    shutil.copy(bundle, place / "al.certkit")
    try:
        for path in (place, place / "al.certkit"):
            os.chown(path, 4242, 4243)
        for name, value in {
            "HOME": str(place),
            "SUDO_USER": "nobody-knows",
            "SUDO_UID": "4242",
            "SUDO_GID": "4243",
        }.items():
            monkeypatch.setenv(name, value)
        assert lead("enroll", place / "al.certkit", "--for", client, "--no-probe").code == 0
        others = [path for path in place.rglob("*") if (path.lstat().st_uid, path.lstat().st_gid) != (4242, 4243)]
        assert others == []
        assert lead("unenroll").code == 0
        assert not list(place.rglob("*.pem"))
    finally:
        with files.acting_as(None):
            shutil.rmtree(place)


def test_a_user_s_number_without_a_name_is_enough(lead: Lead, bundle: Path, laptop: Path, monkeypatch: Patch) -> None:
    import pwd

    def nobody(_: object) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setattr(pwd, "getpwnam", nobody)
    assert lead("enroll", bundle, "--no-probe").code == 0
    assert lead("unenroll").code == 0
    assert is_left(laptop)
    assert lead("issue", "bo", "--out", "bo.certkit", "--no-passphrase").code == 0
    assert "user " in lead("log", "--last", "1").out
