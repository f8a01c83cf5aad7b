"""`certkit daemon remove`: a daemon that is no more is in no list, no bundle and nobody's way."""

from pathlib import Path

import pytest

from certkit import files
from certkit.enroll.bundle import open_bundle
from tests.cli.conftest import Lead
from tests.cli.json_forms import told
from tests.cli.terminal import on_terminal
from tests.killed import at_every_moment


def test_a_removed_daemon_is_in_no_list_and_no_bundle_and_its_files_are_gone(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    ended = lead("daemon", "remove", "arm", "--yes")
    assert (ended.code, ended.out) == (0, "Removed the daemon arm. Destroy its files on its host.\n")
    assert [each["name"] for each in lead("daemon", "list", "--json").data["daemons"]] == ["build"]
    lead("issue", "al", "--out", "a.certkit", "--no-passphrase")
    bundle = open_bundle(Path("a.certkit").read_bytes(), lambda: "")
    assert [daemon.name for daemon in bundle.daemons] == ["build"]
    assert [path.name for path in (home / "daemons").iterdir() if not path.name.startswith(".build")] == ["build"]
    assert lead("show", "arm").code == lead("daemon", "renew", "arm").code == 1
    assert lead("log", "arm", "--json").data["events"][-1]["action"] == "daemon remove"


def test_where_no_daemon_is_left_that_is_said(lead: Lead, home: Path) -> None:
    lead("daemon", "remove", "build", "--yes")
    what, remedy = "certkit: there is no daemon build", "Add one: certkit daemon add --help"
    for command in ("default", "renew", "check"):
        assert lead("daemon", command, "build").complaint == (1, what, remedy)
    assert lead("daemon", "check", "--all").out == f"No daemons. {remedy}\n"
    assert lead("daemon", "check", "--all", "--json").data == {"ok": True, "checks": []}


def test_a_removed_daemon_stands_in_no_rotation_s_way(lead: Lead, home: Path) -> None:
    lead("rotate", "client", "prepare")
    assert "daemon build" in lead("rotate", "client", "switch").err
    lead("daemon", "remove", "build", "--yes")
    assert lead("rotate", "client", "switch").code == 0


def test_its_name_can_be_given_again(lead: Lead, home: Path) -> None:
    lead("daemon", "remove", "build", "--yes")
    assert lead("daemon", "add", "build", "tcp://new.acme.example:8372").code == 0
    [daemon] = lead("daemon", "list", "--json").data["daemons"]
    assert (daemon["url"], daemon["hosts"]) == ("tcp://new.acme.example:8372", ["new.acme.example"])


def test_where_nobody_can_be_asked_a_key_is_not_destroyed_without_a_yes(lead: Lead, home: Path) -> None:
    assert lead("daemon", "remove", "build").complaint == (
        2,
        "certkit: with the daemon build its key would go, and there is nobody to ask",
        "Add --yes. What would go: certkit daemon remove build --dry-run",
    )
    assert (home / "daemons" / "build" / "key.pem").exists()
    assert len(lead("daemon", "list", "--json").data["daemons"]) == 1


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_at_a_terminal_it_asks(lead: Lead, home: Path, answer: str, code: int) -> None:
    ended, shown = on_terminal(
        ["daemon", "remove", "build"], {"Remove it? [y/N]": answer}, environment={"CERTKIT_HOME": str(home)}
    )
    assert ended == code, shown
    assert "No daemon is left" in shown
    assert (home / "daemons" / "build").exists() == (answer == "n")
    assert ("the daemon build stays" in shown) == (answer == "n")


def test_without_a_key_there_is_nothing_to_ask(lead: Lead, home: Path) -> None:
    files.remove_directory(home / "daemons" / "build")
    assert lead("daemon", "remove", "build").code == 0


def test_a_dry_run_says_what_would_go_and_changes_nothing(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    ended = lead("daemon", "remove", "build", "--dry-run")
    assert (ended.code, ended.out.splitlines()) == (
        0,
        [
            "Would remove the daemon build; nothing is done",
            "  ~/home/daemons/build/   certificate and key",
            "  New bundles make arm the default.",
        ],
    )
    assert told(lead, "daemon", "remove", "build", "--dry-run")["removed"] is False
    assert len(lead("daemon", "list", "--json").data["daemons"]) == 2
    found = told(lead, "daemon", "remove", "build", "--yes")
    assert (found["removed"], found["daemon"]["name"], found["default_daemon"]) == (True, "build", "arm")


def test_a_removal_that_was_killed_is_finished_by_the_next_change(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    for moment in at_every_moment(lambda: lead("daemon", "remove", "arm", "--yes")):
        assert moment < 50
        lead("daemon", "renew", "build")
        known = [each["name"] for each in lead("daemon", "list", "--json").data["daemons"]]
        left = [path.name for path in (home / "daemons").iterdir() if "arm" in path.name]
        assert bool(left) == ("arm" in known)
        if "arm" not in known:
            lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
