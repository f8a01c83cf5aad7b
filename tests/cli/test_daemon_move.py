"""`certkit daemon move`: another address, a certificate with both names, and who must enroll again."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509

from certkit.enroll.bundle import open_bundle
from certkit.pki import certificates, keys
from tests.cli.conftest import ALICE, URL, Lead
from tests.cli.daemons import running
from tests.cli.json_forms import told
from tests.killed import at_every_moment

NEW = "tcp://new.acme.example:9000"


@pytest.fixture
def team(lead: Lead, home: Path) -> Path:
    """Return a home with Alice and Bob in it, who have bundles."""
    for person, device in ((ALICE, "desk"), ("Bob Smith", "lap top")):
        lead("issue", person, "--device", device, "--out", device, "--no-passphrase")
    return home


def names(home: Path) -> list[str]:
    leaf = certificates.load((home / "daemons" / "build" / "cert.pem").read_bytes())
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in found]


def must_enroll_again(lead: Lead, url: str = NEW) -> list[tuple[str, str]]:
    found = told(lead, "daemon", "move", "build", url)["must_enroll_again"]
    return [(each["device"], each["url"]) for each in found]


def test_the_certificate_has_both_names_and_new_bundles_have_the_new_url(lead: Lead, team: Path) -> None:
    ended = lead("daemon", "move", "build", NEW, "--san", "10.0.0.9")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == (
        f"Moved the daemon build to {NEW}, for new.acme.example, build.acme.example, 10.0.0.9"
    )
    assert names(team) == ["new.acme.example", "build.acme.example", "10.0.0.9"]
    assert "root@new.acme.example:/etc/buildkit-certs/" in ended.out
    lead("issue", ALICE, "--out", "a", "--no-passphrase")
    assert open_bundle(Path("a").read_bytes(), lambda: "").daemons == (("build", NEW),)
    [event] = [each for each in lead("log", "--json").data["events"] if each["action"] == "daemon move"]
    assert (event["detail"]["url"], event["detail"]["former"]) == (NEW, URL)


def test_it_says_until_when_nobody_and_then_who_must_enroll_again_with_the_commands(lead: Lead, team: Path) -> None:
    said = lead("daemon", "move", "build", NEW).out
    assert said.endswith(
        "Nobody has to enroll again as long as port 8372 of build.acme.example leads to this daemon.\n"
        "Once it does not, these do:\n"
        "  Bob Smith, device lap top\n"
        f"  {ALICE}, device desk\n"
        "With new bundles:\n"
        "  certkit issue --moved --out-dir moved\n"
    )
    assert lead("issue", "--moved", "--out-dir", "moved").out.startswith("Issued 2 bundles, in moved/\n")
    assert "Nobody has to enroll again.\n" in lead("daemon", "move", "build", NEW).out
    again = lead("issue", "--moved", "--out-dir", "moved", "--json").data
    assert again == {"issued": [], "skipped": [], "table": None}
    assert lead("issue", "--moved", "--out-dir", "moved").out == "No laptop has a former URL.\n"


def test_for_one_device_the_command_is_its_own(lead: Lead, team: Path) -> None:
    lead("revoke", ALICE)
    said = lead("daemon", "move", "build", NEW).out
    assert said.endswith("\n  certkit issue 'Bob Smith' --device 'lap top' --out lap-top-svnsrlyuka.certkit\n")


def test_who_has_a_bundle_from_after_the_move_must_not_and_the_revoked_neither(lead: Lead, team: Path) -> None:
    assert must_enroll_again(lead) == [("lap top", URL), ("desk", URL)]
    lead("issue", ALICE, "--device", "desk", "--out", "again", "--no-passphrase")
    assert must_enroll_again(lead) == [("lap top", URL)]
    lead("revoke", "Bob Smith")
    assert must_enroll_again(lead) == []
    assert "Nobody has to enroll again." in lead("daemon", "move", "build", NEW).out


def test_the_same_address_changes_nothing(lead: Lead, team: Path) -> None:
    before = (team / "daemons" / "build" / "cert.pem").read_bytes()
    ended = lead("daemon", "move", "build", URL)
    assert ended.code == 0
    assert "is at tcp://build.acme.example:8372 already" in ended.out
    assert "Nobody has to enroll again." in ended.out
    assert (team / "daemons" / "build" / "cert.pem").read_bytes() == before
    assert "daemon move" not in lead("log").out


def test_after_several_moves_each_laptop_is_told_by_the_url_that_it_has(lead: Lead, team: Path) -> None:
    lead("daemon", "move", "build", NEW)
    lead("issue", ALICE, "--device", "desk", "--out", "again", "--no-passphrase")
    third = "tcp://third.acme.example:8372"
    assert must_enroll_again(lead, third) == [("lap top", URL), ("desk", NEW)]
    assert must_enroll_again(lead, NEW) == [("lap top", URL)]
    assert names(team)[0] == "new.acme.example"


def test_a_daemon_that_a_laptop_never_heard_of_concerns_it_not(lead: Lead, team: Path) -> None:
    lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    assert told(lead, "daemon", "move", "arm", "tcp://arm2.acme.example:8372")["must_enroll_again"] == []


def test_whose_bundle_is_from_before_it_was_recorded_has_the_first_url(lead: Lead, team: Path) -> None:
    with closing(sqlite3.connect(team / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE certificates SET urls = '[]'")
    assert must_enroll_again(lead, URL) == []
    assert must_enroll_again(lead) == [("lap top", URL), ("desk", URL)]


def test_a_renewal_keeps_the_former_name_until_it_is_given_up_and_no_laptop_has_it(lead: Lead, team: Path) -> None:
    lead("daemon", "move", "build", NEW)
    lead("daemon", "renew", "build")
    assert names(team) == ["new.acme.example", "build.acme.example"]
    renew = ("daemon", "renew", "build", "--without", "build.acme.example")
    code, what, remedy = lead(*renew).complaint
    assert (code, "alice@acme.example (desk)" in what) == (1, True)
    assert f"certkit daemon move build {NEW}" in remedy
    lead("issue", ALICE, "--device", "desk", "--out", "again", "--no-passphrase")
    lead("revoke", "Bob Smith")
    assert lead(*renew).code == 0
    assert names(team) == ["new.acme.example"]


@pytest.mark.parametrize(
    ("host", "what"),
    [
        ("build.acme.example", "build.acme.example is in the URL of build"),
        ("other.acme.example", "build is not called other.acme.example"),
        ("a b", "'a b' is neither a host name nor an IP address"),
    ],
)
def test_a_name_that_cannot_be_given_up_is_told(lead: Lead, home: Path, host: str, what: str) -> None:
    assert lead("daemon", "renew", "build", "--without", host).complaint[:2] == (2, f"certkit: {what}")


@pytest.mark.parametrize(
    ("arguments", "code"), [(["build", "tcp://localhost:1"], 2), (["build", "new"], 2), (["biuld", NEW], 1)]
)
def test_a_mistake_changes_nothing(lead: Lead, home: Path, arguments: list[str], code: int) -> None:
    assert lead("daemon", "move", *arguments).complaint[0] == code
    assert names(home) == ["build.acme.example"]


def test_what_was_proven_was_so_where_it_was(lead: Lead, tmp_path: Path) -> None:
    with running(lead, tmp_path / "home"):
        assert told(lead, "daemon", "list")["daemons"][0]["behind"] is None
        assert told(lead, "daemon", "move", "build", NEW)["daemon"]["behind"] == "not-seen"
        lead("rotate", "client", "prepare")
        assert lead("rotate", "client", "switch").complaint[1].endswith("would lock out daemon build")


def test_a_move_or_a_renewal_that_was_killed_is_finished_by_the_next_change(
    lead: Lead, team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    urls = [f"tcp://host{number}.acme.example:8372" for number in range(60)]
    for moment in at_every_moment(lambda: lead("daemon", "move", "build", urls.pop())):
        lead("daemon", "default", "build")
        lead("daemon", "add", f"other{moment}", "tcp://other.acme.example:1")
        [found] = [each for each in lead("daemon", "list", "--json").data["daemons"] if each["name"] == "build"]
        assert names(team) == found["hosts"]
        folder = team / "daemons" / "build"
        leaf = certificates.load((folder / "cert.pem").read_bytes())
        assert keys.matches(keys.load((folder / "key.pem").read_bytes()), leaf)
        assert "A command was interrupted" not in lead("status").err
