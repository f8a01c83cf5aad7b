"""`certkit reinstate`: exactly what was taken is given back."""

from pathlib import Path

import pytest

from tests.cli.conftest import Lead
from tests.cli.openssl import contents, excluded, is_let_in, issue

pytestmark = pytest.mark.usefixtures("database")


def test_a_person_is_let_in_again_with_every_device_and_may_be_issued_more(lead: Lead, home: Path) -> None:
    leaves = [issue(lead, "al"), issue(lead, "al", "desktop")]
    lead("revoke", "al")
    ended = lead("reinstate", "al")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "Reinstated al"
    assert "certkit daemon check build --wait 60" in ended.out
    assert [is_let_in(home, each) for each in leaves] == [True, True]
    assert not excluded(home)
    assert is_let_in(home, issue(lead, "al", "new"))


def test_a_reinstated_persons_revoked_devices_stay_out(lead: Lead, home: Path) -> None:
    lost, kept = issue(lead, "al", "lost"), issue(lead, "al")
    lead("revoke", "al")
    lead("revoke", "--device", "lost", "--reason", "keyCompromise")
    assert "Still revoked, as devices of their own: lost" in lead("reinstate", "al").out
    assert [is_let_in(home, each) for each in (lost, kept)] == [False, True]
    assert lead("issue", "al", "--device", "lost", "--out", "x").complaint[0] == 1
    states = {each["device"]: each["state"] for each in lead("list", "--json").data["devices"]}
    assert states == {"lost": "revoked", "laptop": "valid"}
    lead("reinstate", "--device", "lost")
    assert is_let_in(home, lost)


def test_a_device_of_somebody_revoked_stays_out_with_them(lead: Lead, home: Path) -> None:
    leaf = issue(lead, "al")
    lead("revoke", "--device", "laptop")
    lead("revoke", "al")
    hint = "Still revoked, with all devices: al (certkit reinstate al)"
    assert lead("reinstate", "--device", "laptop").out.splitlines()[:2] == ["Reinstated al, device laptop", hint]
    assert not is_let_in(home, leaf)
    said = lead("reinstate", "--device", "laptop").out.splitlines()
    assert said == ["al, device laptop is not revoked; nothing changed.", hint]
    lead("reinstate", "al")
    assert is_let_in(home, leaf)


def test_a_canary_that_was_replaced_stays_out(lead: Lead, home: Path) -> None:
    issue(lead, "al")
    lead("revoke", "al")
    Path("canary.pem").write_bytes((home / "canary" / "cert.pem").read_bytes())
    lead("reinstate", "al")
    assert not is_let_in(home, Path("canary.pem"))


def test_who_was_not_revoked_is_left_as_they_were(lead: Lead, home: Path) -> None:
    issue(lead, "al")
    before = contents(home)
    ended = lead("reinstate", "al")
    assert (ended.code, ended.out) == (0, "al is not revoked; nothing changed.\n")
    assert contents(home) == before
    assert "reinstate" not in [each["action"] for each in lead("log", "--json").data["events"]]


def test_a_dry_run_does_nothing(lead: Lead, home: Path) -> None:
    issue(lead, "al")
    assert lead("reinstate", "al", "--dry-run").out == "al is not revoked; nothing changed.\n"
    lead("revoke", "al")
    before = contents(home)
    assert lead("reinstate", "al", "--dry-run").out.splitlines()[0] == "Would reinstate al"
    assert contents(home) == before


def test_as_json_it_is_one_object(lead: Lead, home: Path) -> None:
    issue(lead, "al")
    lead("revoke", "al")
    found = lead("reinstate", "al", "--json").data
    assert (found["person"], found["changed"], found["anchors"]) == ("al", True, 3)
    assert [each["state"] for each in found["devices"]] == ["valid"]


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (["all"], 1, "there is nobody called 'all'"),
        (["--device", "laptob"], 1, "there is no device 'laptob'"),
        (["--device", "laptop"], 2, "several people have a device 'laptop': al, bo"),
        ([], 2, "nobody is named"),
    ],
)
def test_a_mistake_lets_nobody_in(lead: Lead, home: Path, arguments: list[str], code: int, what: str) -> None:
    leaves = [issue(lead, "al"), issue(lead, "bo")]
    lead("revoke", "al")
    lead("revoke", "bo", "--device", "laptop")
    assert lead("reinstate", *arguments).complaint[:2] == (code, f"certkit: {what}")
    assert [is_let_in(home, each) for each in leaves] == [False, False]
