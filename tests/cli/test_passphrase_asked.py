"""Passphrases that are typed wrongly, are too weak, or cannot be asked for, and files that others can read."""

import os
import re
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import ALICE, URL, Lead
from tests.cli.terminal import on_terminal

SECRET = "violet anchor"
INIT = ["init", "--team", "acme", "--daemon", URL, "--passphrase"]
ISSUE = ["issue", "bo", "--out", "another", "--no-passphrase"]
LATER = ["--home", "later"]


@pytest.fixture
def locked(lead: Lead, home: Path) -> None:
    """Put the passphrase on all that there is: the authorities, a bundle and a backup; it is typed from now on."""
    Path("secret").write_text(SECRET)
    by_file = ("--passphrase-file", "secret")
    for command in (["authority", "passphrase"], ["issue", ALICE, "--out", "bundle"], ["backup", "backup"]):
        assert lead(*command, *by_file).code == 0
    settings = home / "team.yml"
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if "passphrase_file" not in line))


PROTECTED = pytest.mark.parametrize(
    ("command", "made"),
    [
        (ISSUE, "another"),
        (["enroll", "bundle", "--no-probe"], "../.earthly/certs"),
        (["restore", "backup", *LATER], "later"),
    ],
    ids=["authorities", "bundle", "backup"],
)


@pytest.mark.usefixtures("locked")
@PROTECTED
def test_a_wrong_one_may_be_typed_again_twice(command: list[str], made: str) -> None:
    wrong = {"Passphrase": "a", "try again(?s:.)*Passphrase": "b"}
    code, shown = on_terminal(command, {**wrong, "again(?s:.)*Passphrase": SECRET})
    assert code == 0, shown
    assert Path(made).exists()


@pytest.mark.usefixtures("locked")
@PROTECTED
def test_after_the_third_wrong_one_nothing_is_made(command: list[str], made: str) -> None:
    wrong = {"Passphrase": "a", "try again(?s:.)*Passphrase": "b", "again(?s:.)*Passphrase": "c"}
    code, shown = on_terminal(command, wrong)
    assert code == 1
    assert re.search("certkit: .*the passphrase ", shown)
    assert not Path(made).exists()


def test_a_new_one_is_asked_for_until_it_will_do(tmp_path: Path, lead: Lead) -> None:
    answers = {
        "New passphrase": "",
        "Nothing was typed; try again.\nNew passphrase": "short",
        r"shorter than 12 characters; try again. .*\nNew passphrase": SECRET,
        "Repeat it": "another",
        "do not match; try again.\nNew passphrase": SECRET,
        "Repeat it:": SECRET,
    }
    code, shown = on_terminal(INIT, {key.replace("\n", "\r?\n"): answer for key, answer in answers.items()})
    assert code == 0, shown
    assert (tmp_path / "home").exists()


@pytest.mark.parametrize(("key", "expected"), [("\x03", 130), ("\x04", 1)])
def test_no_answer_makes_nothing(lead: Lead, tmp_path: Path, key: str, expected: int) -> None:
    code, shown = on_terminal(INIT, {"New passphrase": key})
    assert code == expected
    assert len(shown.splitlines()) <= 3
    assert "Traceback" not in shown
    assert not (tmp_path / "home").exists()


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize(
    ("command", "way"),
    [
        ([*INIT, *LATER], "--passphrase-file"),
        (["authority", "passphrase"], "team.yml"),
        (ISSUE, "team.yml"),
        (["enroll", "bundle"], "--passphrase-file"),
        (["restore", "backup", *LATER], "--passphrase-file"),
    ],
)
def test_without_a_terminal_it_says_how_to_give_it(
    lead: Lead, monkeypatch: pytest.MonkeyPatch, command: list[str], way: str
) -> None:
    monkeypatch.setattr(os, "isatty", lambda _descriptor: False)
    code, what, remedy = lead(*command).complaint
    assert code == 2
    assert what.endswith(": there is no terminal to ask on")
    assert way in remedy
    assert not Path("later").exists()


@pytest.mark.parametrize(
    "command",
    [
        [*INIT[:-1], *LATER, "--passphrase-file", "weak"],
        [*INIT[:-1], *LATER, "--passphrase-command", "cat weak"],
        ["authority", "passphrase", "--passphrase-file", "weak"],
        ["authority", "passphrase", "--passphrase-command", "cat weak"],
        ["issue", ALICE, "--out", "later", "--passphrase-file", "weak"],
        ["backup", "later", "--passphrase-file", "weak"],
    ],
)
def test_a_weak_one_protects_nothing_new(lead: Lead, home: Path, command: list[str]) -> None:
    Path("weak").write_text("eleven char\n")
    before = (home / "team.yml").read_bytes()
    complaint = lead(*command).complaint
    assert complaint == (1, "certkit: the passphrase is shorter than 12 characters", "Choose several words.")
    assert not Path("later").exists()
    assert (home / "team.yml").read_bytes() == before


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("mode", "folder_mode", "is_told"),
    [(0o644, 0o755, True), (0o640, 0o750, True), (0o644, 0o700, False), (0o600, 0o755, False)],
)
def test_a_file_that_others_can_read_is_told(lead: Lead, mode: int, folder_mode: int, *, is_told: bool) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # whose folders everybody may enter
        file = Path(folder) / "secret"
        file.write_text(SECRET)
        file.chmod(mode)
        file.parent.chmod(folder_mode)
        ended = lead("issue", ALICE, "--out", "a", "--passphrase-file", file)
    assert ended.code == 0
    assert ended.err == (f"Others can read {file}: chmod 600 {file}\n" if is_told else "")
