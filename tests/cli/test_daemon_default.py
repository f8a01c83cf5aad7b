"""Which of several daemons is the default: the first that was added, until another is chosen."""

from pathlib import Path

from certkit.enroll.bundle import open_bundle
from tests.cli.conftest import Lead
from tests.cli.json_forms import told
from tests.ledger import former


def order(lead: Lead) -> list[str]:
    """Return the daemons as a new bundle has them."""
    Path("a").unlink(missing_ok=True)
    lead("issue", "al", "--device", "desk", "--out", "a", "--no-passphrase")
    return [daemon.name for daemon in open_bundle(Path("a").read_bytes(), lambda: "").daemons]


def add(lead: Lead, *names: str) -> None:
    for name in names:
        assert lead("daemon", "add", name, f"tcp://{name}.acme.example:8372").code == 0


def test_it_is_the_one_that_was_added_first(lead: Lead, home: Path) -> None:
    add(lead, "arm", "x86", "big")
    assert order(lead) == ["build", "arm", "x86", "big"]


def test_another_can_be_chosen_which_is_logged_and_shown(lead: Lead, home: Path) -> None:
    add(lead, "arm", "big")
    chosen = lead("daemon", "default", "big")
    assert (chosen.code, chosen.err) == (0, "")
    assert chosen.out.splitlines()[0] == "big is the default now: new bundles have it first."
    assert "certkit use big" in chosen.out
    assert order(lead) == ["big", "build", "arm"]
    assert lead("daemon", "list").out.splitlines()[1].startswith("big (default)  ")
    assert "big (default)" in lead("status").out
    assert "default    yes" in lead("show", "big").out
    assert "default" not in lead("show", "arm").out
    [event] = [each for each in lead("log", "--json").data["events"] if each["action"] == "daemon default"]
    assert (event["subject"], event["detail"]) == ("big", {"former": "build"})


def test_the_default_is_data(lead: Lead, home: Path) -> None:
    add(lead, "arm")
    assert told(lead, "daemon", "default", "arm")["default"] is True
    assert [each["default"] for each in told(lead, "daemon", "list")["daemons"]] == [True, False]
    assert told(lead, "status", code=3)["default_daemon"] == "arm"
    assert told(lead, "issue", "al", "--out", "b")["daemon"] == "arm"


def test_to_choose_it_again_changes_nothing(lead: Lead, home: Path) -> None:
    assert lead("daemon", "default", "build").out == "build is the default already; nothing changed.\n"
    assert "daemon default" not in lead("log").out


def test_one_that_is_removed_and_added_again_is_the_last(lead: Lead, home: Path) -> None:
    add(lead, "arm", "big")
    removed = lead("daemon", "remove", "build", "--yes").out
    assert removed.splitlines()[1:] == ["New bundles make arm the default."]
    assert order(lead) == ["arm", "big"]
    add(lead, "build")
    assert order(lead) == ["arm", "big", "build"]


def test_who_is_mistyped_is_told_and_nothing_changes(lead: Lead, home: Path) -> None:
    assert lead("daemon", "default", "biuld").complaint[:2] == (1, "certkit: there is no daemon biuld")


def test_issuing_says_which_it_is_where_there_are_several(lead: Lead, home: Path) -> None:
    assert "Daemon" not in lead("issue", "al", "--out", "a").out
    add(lead, "arm")
    said = "build by default, or arm: certkit daemon default changes it"
    assert f"Daemon      {said}" in lead("issue", "al", "--out", "b").out
    Path("people").write_text("person\nbo\n")
    assert f"Daemon  {said}" in lead("issue", "--from", "people", "--out-dir", "d", "--no-passphrase").out
    lead("enroll", "--request", "csr")
    assert f"Daemon  {said}" in lead("sign", "csr", "--person", "al", "--out", "c").out


def test_without_any_daemon_nobody_is_issued_a_bundle_that_could_not_be_used(lead: Lead, home: Path) -> None:
    lead("daemon", "remove", "build", "--yes")
    assert lead("issue", "al", "--out", "a").complaint == (
        1,
        "certkit: there is no daemon to build on",
        "Add one: certkit daemon add --help",
    )
    assert not Path("a").exists()


def test_a_ledger_without_an_order_gets_that_of_the_first_certificates(lead: Lead, home: Path) -> None:
    add(lead, "arm", "a-last")
    former.go_back(home / "ledger.sqlite", "ADD COLUMN place")
    lead("daemon", "renew", "build")
    assert order(lead) == ["build", "arm", "a-last"]
