"""`certkit daemon remove`: a daemon that is no more is in no list, no bundle and nobody's way."""

from pathlib import Path

from certkit.enroll.bundle import open_bundle
from tests.cli.conftest import Lead


def test_a_removed_daemon_is_in_no_list_and_no_bundle_and_its_files_are_gone(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    assert lead("daemon", "remove", "arm").code == 0
    assert [each["name"] for each in lead("daemon", "list", "--json").data["daemons"]] == ["build"]
    lead("issue", "al", "--out", "a.certkit", "--no-passphrase")
    bundle = open_bundle(Path("a.certkit").read_bytes(), lambda: "")
    assert [daemon.name for daemon in bundle.daemons] == ["build"]
    assert [path.name for path in (home / "daemons").iterdir() if not path.name.startswith(".build")] == ["build"]
    assert lead("show", "arm").code == lead("daemon", "renew", "arm").code == 1
    assert lead("log", "arm", "--json").data["events"][-1]["action"] == "daemon remove"


def test_a_removed_daemon_stands_in_no_rotation_s_way(lead: Lead, home: Path) -> None:
    lead("rotate", "client", "prepare")
    assert "daemon build" in lead("rotate", "client", "switch").err
    lead("daemon", "remove", "build")
    assert lead("rotate", "client", "switch").code == 0


def test_its_name_can_be_given_again(lead: Lead, home: Path) -> None:
    lead("daemon", "remove", "build")
    assert lead("daemon", "add", "build", "tcp://new.acme.example:8372").code == 0
    [daemon] = lead("daemon", "list", "--json").data["daemons"]
    assert (daemon["url"], daemon["hosts"]) == ("tcp://new.acme.example:8372", ["new.acme.example"])
