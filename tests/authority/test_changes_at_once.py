"""Changes of trust by several commands at one moment: all of them hold, and the files are those of the last."""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from certkit.authority import passphrase_change, rollover
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.cli import main
from certkit.errors import CertkitError, InvalidError
from certkit.pki import certificates, keys
from certkit.trust.rotation import Role
from tests.authority.conftest import change
from tests.authority.test_at_once import at_once
from tests.authority.test_killed_changes import assert_fits, assert_settled


def start(*commands: Sequence[str]) -> list[int]:
    """Run commands as processes, all at once; give their exit codes."""
    started = [
        subprocess.Popen([sys.executable, "-m", "certkit", *command], stdout=subprocess.DEVNULL) for command in commands
    ]
    return [process.wait(60) for process in started]


def issue(path: Path, person: str) -> list[str]:
    return ["issue", person, "--device", "laptop", "--no-passphrase", "--out", str(path.with_name(f"{person}.bundle"))]


def test_of_several_who_revoke_at_once_nobody_is_forgotten(path: Path, view: View) -> None:
    people = [f"p{number}" for number in range(6)]
    for person in people:
        assert main(issue(path, person)) == 0
    assert start(*(["revoke", person] for person in people)) == [0] * len(people)
    newest = view.newest_anchors()
    assert set(newest.excluded) == {f"{person}.acme.certkit.internal" for person in people}
    assert newest.number == 1 + len(people)
    assert_settled(path)
    assert_fits(path)


def test_who_is_revoked_while_twenty_are_issued_is_out_and_all_others_are_in(path: Path, view: View) -> None:
    main(issue(path, "al"))
    commands = [issue(path, f"p{number}") for number in range(20)]
    commands.insert(10, ["revoke", "al"])
    assert start(*commands) == [0] * 21
    assert view.newest_anchors().excluded == ("al.acme.certkit.internal",)
    assert len(view.ledger.certificates("device")) == 21
    assert_settled(path)


def test_a_renewal_and_a_revocation_at_once_leave_both(path: Path, view: View) -> None:
    main(issue(path, "al"))
    before = view.ledger.certificates("daemon")
    assert start(["daemon", "renew", "build"], ["revoke", "al"], ["daemon", "renew", "build"]) == [0] * 3
    assert len(view.ledger.certificates("daemon")) == len(before) + 2
    assert_settled(path)
    assert_fits(path)


def test_a_switch_certifies_each_daemon_once_whoever_looks_meanwhile(path: Path, view: View) -> None:
    assert main(["rotate", "server", "prepare"]) == 0
    assert start(["rotate", "server", "switch"], *([["daemon", "list"]] * 6)) == [0] * 7
    assert len(view.ledger.certificates("daemon", daemon="build")) == 2
    assert_settled(path)


def test_of_two_who_prepare_a_rotation_one_makes_the_generation_and_the_other_is_told(path: Path, view: View) -> None:
    def prepare(session: Session, _: int) -> str:
        try:
            rollover.take(session, "client", "prepare", force=False)
        except InvalidError as error:
            return error.message
        return "prepared"

    said = at_once(path, prepare, range(3))
    assert sorted(said) == ["prepared", *["this authority is prepared, so there is nothing to prepare"] * 2]
    new = view.certificate("client", 2)
    [_, anchor, _] = certificates.load_all(view.newest_anchors().ca)
    assert anchor.public_key() == new.public_key()
    with change(path) as session:
        assert keys.matches(session.key("client", 2), new)


@pytest.mark.parametrize("role", ["client", "server"])
def test_a_generation_that_is_made_while_the_passphrase_changes_has_the_same_as_the_others(
    path: Path, role: Role
) -> None:
    words = iter([b"old", *(b"new %d" % number for number in range(8))])
    current = next(words)
    with change(path) as session:
        passphrase_change.change_passphrase(session, current)

    def prepare(word: bytes) -> None:
        with change(path, word) as session:
            session.authority(role)
            rollover.take(session, role, "prepare", force=False)

    def change_it(word: bytes, new: bytes) -> None:
        with change(path, word) as session:
            passphrase_change.change_passphrase(session, new)

    for new in words:
        with ThreadPoolExecutor(2) as pool:
            one, other = pool.submit(prepare, current), pool.submit(change_it, current, new)
        other.result()
        with change(path, new) as session:
            for each in ("client", "server"):
                assert all(session.authority(each, number) for number in session.generations(each))
            if isinstance(one.exception(), CertkitError):
                rollover.take(session, role, "prepare", force=False)
            rollover.take(session, role, "rollback", force=True)
        current = new


def test_a_generation_has_no_passphrase_that_was_changed_while_its_maker_waited(path: Path) -> None:
    def prepare() -> None:
        with change(path, b"old") as session:
            rollover.take(session, "client", "prepare", force=False)

    with change(path, b"old") as session, ThreadPoolExecutor(1) as pool:
        passphrase_change.change_passphrase(session, b"old")
        with session.locked():
            waiting = pool.submit(prepare)
            time.sleep(0.5)
            passphrase_change.change_passphrase(session, b"new")
        assert isinstance(waiting.exception(), keys.WrongPassphraseError)
    assert not list(path.glob("authorities/client-2/*"))


@pytest.mark.parametrize(
    "command",
    [
        "revoke al",
        "daemon renew build",
        "rotate client prepare",
        "authority passphrase --remove",
        "backup x --passphrase-file secret",
    ],
)
def test_nothing_is_changed_while_another_command_holds_the_home(
    path: Path, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("secret").write_text("violet anchor kettle\n")
    main(issue(path, "al"))
    before = session.ledger.events()
    with session.locked():
        process = subprocess.Popen([sys.executable, "-m", "certkit", *command.split()], stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.6)
        assert session.ledger.events() == before
    assert process.wait(30) == 0
    assert len(session.ledger.events()) == len(before) + 1
