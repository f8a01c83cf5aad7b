"""Changes of trust by several commands at one moment: all of them hold, and the files are those of the last."""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from certkit.authority import passphrase_change, publication, rollover
from certkit.authority.home import Home, open_home
from certkit.cli import main
from certkit.errors import CertkitError, InvalidError
from certkit.pki import certificates, keys
from certkit.pki.signer import exportable_key
from tests.authority.conftest import opener
from tests.authority.test_at_once import NOW, at_once
from tests.authority.test_killed_changes import assert_fits, assert_settled


def start(*commands: Sequence[str]) -> list[int]:
    """Run commands as processes, all at once; give their exit codes."""
    started = [
        subprocess.Popen([sys.executable, "-m", "certkit", *command], stdout=subprocess.DEVNULL) for command in commands
    ]
    return [process.wait(60) for process in started]


def issue(path: Path, person: str) -> list[str]:
    return ["issue", person, "--device", "laptop", "--no-passphrase", "--out", str(path.with_name(f"{person}.bundle"))]


def test_of_several_who_revoke_at_once_nobody_is_forgotten(path: Path, home: Home) -> None:
    people = [f"p{number}" for number in range(6)]
    for person in people:
        assert main(issue(path, person)) == 0
    assert start(*(["revoke", person] for person in people)) == [0] * len(people)
    newest = publication.newest_anchors(home)
    assert set(newest.excluded) == {f"{person}.acme.certkit.internal" for person in people}
    assert newest.number == 1 + len(people)
    assert_settled(path).close()
    assert_fits(path)


def test_who_is_revoked_while_twenty_are_issued_is_out_and_all_others_are_in(path: Path, home: Home) -> None:
    main(issue(path, "al"))
    commands = [issue(path, f"p{number}") for number in range(20)]
    commands.insert(10, ["revoke", "al"])
    assert start(*commands) == [0] * 21
    assert publication.newest_anchors(home).excluded == ("al.acme.certkit.internal",)
    assert len(home.ledger.certificates("device")) == 21
    assert_settled(path).close()


def test_a_renewal_and_a_revocation_at_once_leave_both(path: Path, home: Home) -> None:
    main(issue(path, "al"))
    before = home.ledger.certificates("daemon")
    assert start(["daemon", "renew", "build"], ["revoke", "al"], ["daemon", "renew", "build"]) == [0] * 3
    assert len(home.ledger.certificates("daemon")) == len(before) + 2
    assert_settled(path).close()
    assert_fits(path)


def test_a_switch_certifies_each_daemon_once_whoever_looks_meanwhile(path: Path, home: Home) -> None:
    assert main(["rotate", "server", "prepare"]) == 0
    assert start(["rotate", "server", "switch"], *([["daemon", "list"]] * 6)) == [0] * 7
    assert len(home.ledger.certificates("daemon", daemon="build")) == 2
    assert_settled(path).close()


def test_of_two_who_prepare_a_rotation_one_makes_the_generation_and_the_other_is_told(path: Path, home: Home) -> None:
    def prepare(home: Home, _: int) -> str:
        try:
            rollover.take(home, "client", "prepare", NOW, force=False)
        except InvalidError as error:
            return error.message
        return "prepared"

    said = at_once(path, prepare, range(3))
    assert sorted(said) == ["prepared", *["this authority is prepared, so there is nothing to prepare"] * 2]
    new = home.certificate("client", 2)
    [_, anchor] = certificates.load_all(publication.newest_anchors(home).ca)
    assert anchor.public_key() == new.public_key()
    assert keys.matches(exportable_key(home.authority("client", 2).signer), new)


@pytest.mark.parametrize("role", ["client", "server"])
def test_a_generation_that_is_made_while_the_passphrase_changes_has_the_same_as_the_others(
    path: Path, role: rollover.Role
) -> None:
    words = iter([b"old", *(b"new %d" % number for number in range(8))])
    current = next(words)
    with closing(opener(path)()) as home:
        passphrase_change.change_passphrase(home, current, NOW)

    def prepare(word: bytes) -> None:
        with closing(open_home(path, lambda: word)) as home:
            home.authority(role)
            rollover.take(home, role, "prepare", NOW, force=False)

    def change(word: bytes, new: bytes) -> None:
        with closing(open_home(path, lambda: word)) as home:
            passphrase_change.change_passphrase(home, new, NOW)

    for new in words:
        with ThreadPoolExecutor(2) as pool:
            one, other = pool.submit(prepare, current), pool.submit(change, current, new)
        other.result()
        with closing(open_home(path, lambda new=new: new)) as home:
            assert all(
                home.authority(each, number) for each in ("client", "server") for number in home.generations(each)
            )
            if isinstance(one.exception(), CertkitError):
                rollover.take(home, role, "prepare", NOW, force=False)
            rollover.take(home, role, "rollback", NOW, force=True)
        current = new


def test_a_generation_has_no_passphrase_that_was_changed_while_its_maker_waited(path: Path) -> None:
    def prepare() -> None:
        with closing(open_home(path, lambda: b"old")) as home:
            rollover.take(home, "client", "prepare", NOW, force=False)

    with closing(open_home(path, lambda: b"old")) as home, ThreadPoolExecutor(1) as pool:
        passphrase_change.change_passphrase(home, b"old", NOW)
        with home.locked():
            waiting = pool.submit(prepare)
            time.sleep(0.5)
            passphrase_change.change_passphrase(home, b"new", NOW)
        assert isinstance(waiting.exception(), keys.WrongPassphraseError)
    assert not list(path.glob("authorities/client-2/*"))


@pytest.mark.parametrize(
    "command", ["revoke al", "daemon renew build", "rotate client prepare", "authority passphrase --remove", "backup x"]
)
def test_nothing_is_changed_while_another_command_holds_the_home(
    path: Path, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    main(issue(path, "al"))
    before = home.ledger.events()
    with home.locked():
        process = subprocess.Popen([sys.executable, "-m", "certkit", *command.split()], stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.6)
        assert home.ledger.events() == before
    assert process.wait(30) == 0
    assert len(home.ledger.events()) == len(before) + 1
