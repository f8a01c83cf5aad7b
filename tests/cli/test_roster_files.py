"""A roster that is wrong: one line of what, with the line, one line of what to do, and nothing changed."""

from pathlib import Path

import pytest
import yaml

from certkit import files
from tests.cli.conftest import ALICE, Lead
from tests.patience import ends

TEAM = "team: acme\n"
DAEMON = f"{TEAM}daemons:\n  build:\n    url: tcp://build.acme.example:8372\n"


def test_a_daemon_may_be_its_url_alone(lead: Lead) -> None:
    assert lead("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--name", "build").code == 0
    Path("roster.yml").write_text(f"{TEAM}daemons:\n  build: tcp://build.acme.example:8372\n")
    assert "Nothing to do" in lead("apply", "roster.yml").out
    Path("roster.yml").write_text(f"{TEAM}daemons:\n  build: build.acme.example\n")
    assert (
        lead("apply", "roster.yml").complaint[1].startswith("certkit: roster.yml: line 3: 'build.acme.example' is not")
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# nobody\n", "line 1: a roster begins with the name of its team"),
        ("- acme\n", "line 1: a roster begins with the name of its team"),
        ("people: {a: }\n", "line 1: it does not say whose roster it is"),
        ("team:\n", "line 1: the name of a team must stand there"),
        (f"{TEAM}owners: [eve]\n", "line 2: there is no 'owners' here"),
        (f"{TEAM}team: acme\n", "line 2: team is in line 1 already"),
        (f"{TEAM}people:\n", "line 2: there are no people in it"),
        (f"{TEAM}people: {{}}\n", "line 2: there are no people in it"),
        (f"{TEAM}people:\n  - {ALICE}\n", "line 3: people are no list here"),
        (f"{TEAM}people:\n  al: laptop\n", "line 3: a list of devices must stand there"),
        (f"{TEAM}people:\n  al: []\n", "line 3: a list of devices must stand there"),
        (f"{TEAM}people:\n  al: [a, [b]]\n", "line 3: only devices may be in that list"),
        (f"{TEAM}people:\n  al:\n  - a\n  - A\n", "line 5: the device A is in line 4 already"),
        (f"{TEAM}people:\n  al:\n  bo:\n  AL:\n", "line 5: AL is in line 3 already"),
        (f"{TEAM}people:\n  al:\n  al:\n", "line 4: al is in line 3 already"),
        (f"{TEAM}people:\n  'a\u200bl':\n", "line 3: 'a\\u200bl' cannot be the name of a person"),
        (f"{TEAM}people:\n  al: [{'x' * 70}]\n", f"line 3: '{'x' * 70}' cannot be the name of a device"),
        (f"{TEAM}people:\n  ? [a]\n  : b\n", "line 3: a text must stand before the colon"),
        (f"{TEAM}people:\n  ?\n  : b\n", "line 3: a text must stand before the colon"),
        (f"{TEAM}policy: {{team: other}}\n", "line 2: there is no setting 'team'"),
        (f"{TEAM}policy: {{passphrase_command: id}}\n", "line 2: there is no setting 'passphrase_command'"),
        (f"{TEAM}policy:\n  device_days: many\n", "line 3: device_days cannot be 'many'"),
        (f"{TEAM}policy:\n  device_days: '9'\n", "line 3: device_days cannot be '9'"),
        (f"{TEAM}policy:\n  device_days: 99999\n", "line 3: device_days cannot be 99999"),
        (f"{TEAM}policy:\n  key_type: dsa\n", "line 3: there is no key_type 'dsa'"),
        (f"{TEAM}policy:\n  key_type: [p256]\n", "line 3: a value must stand there"),
        (f"{TEAM}daemons:\n  build:\n", "line 3: it says nothing of the daemon build"),
        (f"{TEAM}daemons:\n  build: {{san: [a]}}\n", "line 3: the daemon build has no URL"),
        (f"{TEAM}daemons:\n  Build: {{url: x}}\n", "line 3: 'Build' cannot be the name of a daemon"),
        (f"{TEAM}daemons:\n  build:\n    url: http://x\n", "line 4: 'http://x' has the scheme 'http'"),
        (f"{DAEMON}    san: [a b]\n", "line 5: 'a b' is neither a host name nor an IP address"),
        (f"{DAEMON}    port: 8372\n", "line 5: there is no 'port' here"),
        (f"{DAEMON}    as: lxc\n", "line 3: 'lxc' is not a way to deploy"),
        (f"{DAEMON}  arm: {{url: 'tcp://build.acme.example:8372'}}\n", "line 5: the daemon build in line 3 is at"),
        (f"{TEAM}people: &all\n  al: *all\n", "line 3: *all stands for something else"),
        (f"{TEAM}people:\n  al: !!set {{a}}\n", "line 3: the tag tag:yaml.org,2002:set has no place here"),
        (f"{TEAM}people: {{a: [[[[b]]]]}}\n", "line 2: nothing is nested so deeply in a roster"),
        (f"{TEAM}---\npeople: {{al: }}\n", "line 2: a second document begins here"),
        (f"{TEAM}people: [\n", "line 3: it is not YAML"),
        (f"{TEAM}people:\n\tal:\n", "line 3: it is not YAML"),
        (f"{TEAM}people: {{'a\x07l': }}\n", "line 2: a character in it is not to be in YAML"),
        (f"{TEAM}people: {{al: }}\n\xff", "line 3: it is not in UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(lead: Lead, home: Path, text: str, problem: str) -> None:
    Path("roster.yml").write_bytes(text.encode("latin-1" if "\xff" in text else "utf-8"))
    code, what, remedy = lead("apply", "roster.yml", "--out", "new").complaint
    assert (code, what[: len("certkit: roster.yml: ") + len(problem)]) == (1, f"certkit: roster.yml: {problem}")
    assert remedy
    assert lead("list", "--json").data == {"devices": []}
    assert not Path("new").exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [("team: acme\npeople: [\n", 3), (f"{TEAM}people: &all\n  al: *all\n", 3), (f"{TEAM}people:\n", 2)],
)
def test_without_the_loader_in_c_the_same_lines_are_named(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: int
) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    Path("roster.yml").write_text(text)
    assert lead("apply", "roster.yml").complaint[1].startswith(f"certkit: roster.yml: line {line}: ")


def test_names_that_yaml_takes_for_something_else_are_names(lead: Lead, home: Path) -> None:
    Path("roster.yml").write_text(f"{TEAM}people:\n  no:\n  1e3: [on, 0x10, 2026-11-26]\n  null_: ~\n")
    lead("apply", "roster.yml", "--out", "new")
    found = [(each["person"], each["device"]) for each in lead("list", "--json").data["devices"]]
    assert found[:3] == [("1e3", "0x10"), ("1e3", "2026-11-26"), ("1e3", "on")]
    assert [person for person, _ in found[3:]] == ["no", "null_"]


def test_a_name_that_looks_like_one_that_is_there_is_refused(lead: Lead, home: Path) -> None:
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    Path("roster.yml").write_text(f"{TEAM}people:\n  Alice@acme.example:\n")
    assert "line 3: the name Alice@acme.example is too similar to alice" in lead("apply", "roster.yml").complaint[1]
    Path("roster.yml").write_text(f"{TEAM}people:\n  {ALICE}: [Desk]\n")
    assert f"line 3: {ALICE} has a device desk, too similar" in lead("apply", "roster.yml").complaint[1]


def test_the_roster_of_another_team_is_refused(lead: Lead, home: Path) -> None:
    Path("roster.yml").write_text("team: other\npeople: {al: }\n")
    code, what, _ = lead("apply", "roster.yml", "--prune").complaint
    assert (code, what) == (1, "certkit: roster.yml: it is the roster of the team other, and this home is that of acme")


def test_a_bundle_is_no_roster(lead: Lead, home: Path) -> None:
    lead("issue", ALICE, "--out", "a", "--no-passphrase")
    assert lead("apply", "a").complaint[1] == "certkit: a is a bundle to enroll with, no roster"


def test_what_is_larger_than_any_roster_is_not_read(lead: Lead, home: Path) -> None:
    Path("roster.yml").write_bytes(b"#" * (files.READ_LIMIT + 1))
    assert "is larger than" in lead("apply", "roster.yml").complaint[1]


@pytest.mark.parametrize(
    "text",
    [
        TEAM + "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        TEAM + "people: " + "[" * 100_000,
        TEAM + "people: " + "{a: " * 100_000,
    ],
    ids=("aliases", "lists", "mappings"),
)
def test_nothing_in_a_roster_grows_without_bound(lead: Lead, home: Path, text: str) -> None:
    Path("roster.yml").write_text(text)
    with ends():
        assert lead("apply", "roster.yml").complaint[0] == 1
