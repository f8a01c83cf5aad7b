"""What every verb's help has."""

import re

import pytest

from certkit.cli.catalog import VERBS
from tests.cli.conftest import Lead

GROUPS = {
    "daemon": ["add", "default", "renew", "move", "list", "deploy", "remove", "check", "sync"],
    "authority": ["show", "passphrase"],
    "ledger": ["copy"],
    "lead": ["add", "list", "remove", "proposals", "agree", "withdraw"],
}
COMMANDS = [name for name in VERBS if name not in GROUPS] + [
    f"{name} {verb}" for name in GROUPS for verb in GROUPS[name]
]


@pytest.mark.parametrize("command", ["", *GROUPS])
def test_a_list_of_verbs_fits_into_80_columns(lead: Lead, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = lead(*command.split(), "--help").out
    assert "..." not in shown.replace("[ARGS]...", "")
    listed = re.findall(r"^  ([a-z][a-z-]*)  +[A-Z]", shown, re.MULTILINE)
    assert sorted(listed) == sorted(GROUPS.get(command, VERBS))


@pytest.mark.parametrize("arguments", [["--help"], ["--help", "probe"], ["--debug", "-h"]])
def test_the_verbs_are_listed_by_who_needs_them(lead: Lead, arguments: list[str]) -> None:
    shown = lead(*arguments).out
    places = [shown.index(text) for text in ("Team lead:", "  init ", "Developer:", "  enroll ", "Anyone:", "  demo ")]
    assert places == sorted(places)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_verb_has_an_example_and_its_exit_codes(lead: Lead, command: str) -> None:
    shown = lead(*command.split(), "--help").out
    assert re.search(rf"^  (sudo )?certkit {command}\b", shown, re.MULTILINE)
    assert re.search(r"Exit\s+codes:\s+0 ", shown)
    assert not re.search(r"^ *\\b", shown, re.MULTILINE)


@pytest.mark.parametrize("name", VERBS)
def test_the_list_of_verbs_says_what_the_verb_itself_says(lead: Lead, name: str) -> None:
    _, text, *_ = lead(name, "--help").out.split("\n\n")
    assert " ".join(text.splitlines()[0].split()) == VERBS[name].summary


@pytest.mark.parametrize("command", ["", *GROUPS, *COMMANDS])
def test_help_fits_into_80_columns_but_for_commands_alone(
    lead: Lead, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    wide = [line.strip() for line in lead(*command.split(), "--help").out.splitlines() if len(line) > 80]
    assert [line for line in wide if not re.match(r"certkit|printf", line) or re.search(r"  | #", line)] == []
