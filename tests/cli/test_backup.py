"""`certkit backup` and `certkit restore`: the whole home, sealed, and back in a place that is free."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from certkit import files
from certkit.authority import backups
from tests.cli.conftest import Lead
from tests.cli.daemons import running, take_up
from tests.cli.json_forms import told
from tests.cli.openssl import contents, is_let_in, issue
from tests.cli.terminal import on_terminal

SECRET = ("--passphrase-file", "secret")


def say_secret(word: str) -> None:
    """Put a passphrase where nobody else can read it."""
    files.write(Path("secret"), word.encode())


def with_another_secret(content: bytes) -> bytes:
    say_secret("another")
    return content


@pytest.fixture
def sealed(lead: Lead, home: Path) -> Path:
    """Return a backup of a team in which somebody is revoked."""
    say_secret("violet anchor\n")
    issue(lead, "al")
    issue(lead, "gone")
    lead("revoke", "gone")
    assert lead("backup", "sealed", *SECRET).code == 0
    return Path("sealed").absolute()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_restored_home_is_the_same_and_goes_on(lead: Lead, home: Path, sealed: Path, tmp_path: Path) -> None:
    restored = tmp_path / "restored"
    ended = lead("restore", sealed, *SECRET, "--home", restored)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "Restored the team acme to ~/restored"
    relative = [{str(p.relative_to(place)): c for p, c in contents(place).items()} for place in (home, restored)]
    assert {**relative[0], "lock": b""} == {**relative[1], "lock": b""}
    assert lead("list", "--home", restored).out == lead("list").out
    log, former = (lead("log", "--json", "--home", place).data["events"] for place in (restored, home))
    assert (log[:-1], log[-1]["action"]) == (former, "restore")
    shutil.rmtree(home)
    restored.rename(home)
    new = issue(lead, "bo")
    lead("revoke", "al")
    assert is_let_in(home, new)


def test_the_passphrase_is_made_up_and_shown_once(lead: Lead, home: Path, tmp_path: Path) -> None:
    _, said = on_terminal(["backup", "sealed"])
    found = re.search(r"Passphrase  (\S+)\r?\n +shown once", said)
    assert found
    assert len(found[1].split("-")) == 10
    say_secret(found[1])
    assert lead("restore", "sealed", *SECRET, "--home", tmp_path / "restored").code == 0
    assert b"PRIVATE KEY" not in Path("sealed").read_bytes()
    assert Path("sealed").stat().st_mode & 0o777 == 0o600
    assert "sealed exists already" in lead("backup", "sealed", *SECRET).complaint[1]


def test_after_it_no_daemon_is_believed_to_hold_what_it_held_before(lead: Lead, tmp_path: Path) -> None:
    """What a lost home has published since is not the restored one's, whatever number it has."""
    home = tmp_path / "home"
    with running(lead, home) as daemon:
        say_secret("violet anchor")
        for person in ("al", "bo"):
            issue(lead, person)
        lead("backup", "sealed", *SECRET)
        for person in ("al", "bo"):
            lead("revoke", person)
        take_up(lead, daemon)
        shutil.rmtree(home)
        lead("restore", "sealed", *SECRET)
        assert lead("status").code == 3
        lead("revoke", "bo")
        ended = lead("daemon", "check", "build")
        assert ended.code == 3
        assert "publication 3 of another copy" in ended.out
        take_up(lead, daemon)


def test_a_home_in_use_is_in_it_whole(lead: Lead, home: Path, tmp_path: Path) -> None:
    say_secret("violet anchor")
    command = [sys.executable, "-m", "certkit"]
    people = [f"p{number}" for number in range(6)]
    for person in people:
        issue(lead, person)
    busy = [subprocess.Popen([*command, "revoke", each], stdout=subprocess.DEVNULL) for each in people[:3]]
    busy.append(subprocess.Popen([*command, "backup", "sealed", *SECRET], stdout=subprocess.DEVNULL))
    busy += [subprocess.Popen([*command, "revoke", each], stdout=subprocess.DEVNULL) for each in people[3:]]
    assert [process.wait(60) for process in busy] == [0] * 7
    restored = tmp_path / "restored"
    assert lead("restore", "sealed", *SECRET, "--home", restored).code == 0
    number = lead("daemon", "list", "--json", "--home", restored).data["daemons"][0]["anchors"]
    assert 1 <= number <= 7
    revoked = [
        each for each in lead("list", "--json", "--home", restored).data["devices"] if each["state"] == "revoked"
    ]
    assert len(revoked) == number - 1


def test_nothing_of_it_can_be_read_by_others(lead: Lead, sealed: Path, tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        lead("restore", sealed, *SECRET, "--home", tmp_path / "new" / "restored")
    finally:
        os.umask(former)
    for path in (tmp_path / "new").rglob("*"):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda content: content[:40], "cut short"),
        (lambda content: content[:-1], "the file has been changed"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "the file has been changed"),
        (lambda content: content[:30] + bytes([content[30] ^ 1]) + content[31:], "the file has been changed"),
        (lambda _: b"", "sealed is empty"),
        (with_another_secret, "the passphrase is wrong"),
    ],
)  # fmt: skip
def test_one_that_is_damaged_or_anothers_makes_nothing(
    lead: Lead, sealed: Path, tmp_path: Path, damage: object, what: str
) -> None:
    assert callable(damage)
    sealed.write_bytes(damage(sealed.read_bytes()))
    code, said, remedy = lead("restore", sealed, *SECRET, "--home", tmp_path / "restored").complaint
    assert (code, what in said, bool(remedy)) == (1, True, True), said
    assert "restored" not in "".join(names(tmp_path))


def test_a_bundle_is_no_backup(lead: Lead, sealed: Path, tmp_path: Path) -> None:
    lead("issue", "al", "--out", "bundle")
    assert lead("restore", "bundle", *SECRET, "--home", tmp_path / "restored").code == 1
    assert not (tmp_path / "restored").exists()


@pytest.mark.parametrize("kind", ["home", "folder", "file", "link"])
def test_what_is_there_is_not_touched(lead: Lead, home: Path, sealed: Path, tmp_path: Path, kind: str) -> None:
    place = {"home": home}.get(kind, tmp_path / "place")
    if kind == "folder":
        place.mkdir()
        (place / "mine").touch()
    elif kind == "file":
        place.touch()
    elif kind == "link":
        place.symlink_to(tmp_path / "nowhere")
    code, what, _ = lead("restore", sealed, *SECRET, "--home", place).complaint
    assert (code, what) == (1, f"certkit: {place} is there already and is not touched")
    assert not (tmp_path / "nowhere").exists()


def test_an_empty_folder_is_free(lead: Lead, sealed: Path, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    assert lead("restore", sealed, *SECRET, "--home", tmp_path / "place").code == 0


def test_a_home_whose_daemon_has_lost_its_files_can_be_kept(lead: Lead, home: Path, tmp_path: Path) -> None:
    say_secret("violet anchor")
    (home / "daemons" / "build").unlink()
    lead("backup", "sealed", *SECRET)
    assert lead("restore", "sealed", *SECRET, "--home", tmp_path / "restored").code == 0
    assert lead("daemon", "renew", "build", "--home", tmp_path / "restored").code == 0


def test_without_a_terminal_no_passphrase_is_made_up(home: Path) -> None:
    """As in cron, whose mail would have it."""
    command = [sys.executable, "-m", "certkit", "backup", "sealed"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    what, remedy = done.stderr.splitlines()
    assert "there is no terminal to show a made-up one on" in what
    assert "--passphrase-file" in remedy
    assert "--passphrase-command" in remedy
    assert not Path("sealed").exists()


def test_its_passphrase_may_come_from_a_command(lead: Lead, home: Path, tmp_path: Path) -> None:
    by_command = ("--passphrase-command", "echo violet anchor")
    assert lead("backup", "sealed", *by_command).code == 0
    assert lead("backup", "--verify", "sealed", *by_command).code == 0
    assert lead("restore", "sealed", *by_command, "--home", tmp_path / "restored").code == 0
    say_secret("violet anchor")
    given_twice = lead("backup", "more", *by_command, *SECRET).complaint
    assert given_twice[:2] == (2, "certkit: the passphrase is given in more than one way")
    failed = lead("backup", "more", "--passphrase-command", "false").complaint
    assert failed == (1, "certkit: the passphrase command failed: false", "Run it by hand to see why.")
    code, what, _ = lead("backup", "more", "--passphrase-command", r"printf 'violet anchor \377'").complaint
    assert (code, what) == (1, "certkit: what the passphrase command printed is not in UTF-8")
    assert not Path("more").exists()


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_a_backup_is_verified_without_a_home_and_nothing_is_written(
    lead: Lead, sealed: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(home)
    monkeypatch.setattr(backups, "_memory", lambda _: None)  # others may write into what is in memory just now
    places = (tmp_path, Path(tempfile.gettempdir()))
    before = [everything(place) for place in places]
    ended = lead("backup", "--verify", sealed, *SECRET)
    assert (ended.code, ended.err) == (0, "")
    first, second = ended.out.splitlines()
    assert first.startswith(f"{sealed} is a whole backup of the team acme, made ")
    assert second == "In it: people 2, devices 2, daemons 1. Nothing was restored."
    assert [everything(place) for place in places] == before


@pytest.mark.parametrize("damage", [lambda content: content[:-1], with_another_secret])
def test_what_could_not_be_restored_is_not_verified(lead: Lead, sealed: Path, damage: object) -> None:
    assert callable(damage)
    sealed.write_bytes(damage(sealed.read_bytes()))
    assert (
        lead("backup", "--verify", sealed, *SECRET).complaint
        == lead("restore", sealed, *SECRET, "--home", "new").complaint
    )


def test_as_json_a_backup_and_what_is_in_it_are_the_same(lead: Lead, home: Path) -> None:
    say_secret("violet anchor")
    issue(lead, "al")
    made = told(lead, "backup", "sealed", *SECRET)
    assert made == told(lead, "backup", "--verify", "sealed", *SECRET)
    assert (made["file"], made["team"], made["people"], made["devices"], made["daemons"]) == ("sealed", "acme", 1, 1, 1)


def test_as_json_a_made_up_passphrase_is_there(lead: Lead, home: Path) -> None:
    _, shown = on_terminal(["backup", "sealed", "--json"])
    say_secret(json.loads(shown)["passphrase"])
    assert lead("backup", "--verify", "sealed", *SECRET).code == 0
