"""People who come back, change laptops, share a name or stay for a month: nobody gets in by accident."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import ALICE, Lead
from tests.cli.openssl import is_let_in, issue
from tests.cli.terminal import on_terminal
from tests.server.identity import started


def test_somebody_who_comes_back_gets_a_new_laptop_in_and_not_the_old_one(lead: Lead, home: Path) -> None:
    old = [issue(lead, "al"), issue(lead, "al", "desktop")]
    lead("revoke", "al", "--reason", "affiliationChanged")
    code, _, remedy = lead("issue", "al", "--device", "new", "--out", "x").complaint
    assert (code, "certkit reinstate al --without-devices" in remedy) == (1, True)
    ended = lead("reinstate", "al", "--without-devices")
    assert ended.code == 0
    assert "Still revoked, as devices of their own: desktop, laptop" in ended.out
    new = issue(lead, "al", "new")
    assert [is_let_in(home, each) for each in (*old, new)] == [False, False, True]
    states = {each["device"]: each["state"] for each in lead("list", "--json").data["devices"]}
    assert states == {"laptop": "revoked", "desktop": "revoked", "new": "valid"}
    assert lead("log", "--json").data["events"][-2]["detail"] == {"without_devices": True}


def test_a_revocation_by_mistake_is_taken_back_and_it_says_what_gets_in(lead: Lead, home: Path) -> None:
    leaf = issue(lead, "al")
    lead("revoke", "al")
    ended = lead("reinstate", "al")
    assert "Let in again: laptop until 2" in ended.out
    assert is_let_in(home, leaf)
    assert "laptop" not in lead("reinstate", "al").out


def test_one_device_is_not_let_in_without_devices(lead: Lead, home: Path) -> None:
    issue(lead, "al")
    assert lead("reinstate", "al", "--device", "laptop", "--without-devices").complaint[0] == 2


def test_after_a_restore_it_says_what_is_not_known(lead: Lead, home: Path, tmp_path: Path) -> None:
    Path("secret").write_text("violet anchor")
    Path("secret").chmod(0o600)
    issue(lead, "al")
    lead("revoke", "al")
    lead("backup", "sealed", "--passphrase-file", "secret")
    lead("restore", "sealed", "--passphrase-file", "secret", "--home", tmp_path / "restored")
    ended = lead("reinstate", "al", "--without-devices", "--home", tmp_path / "restored")
    assert "issued after the backup that this home was restored from is not known, and gets in again" in ended.err


def test_another_certificate_for_a_device_tells_of_the_one_that_is_good_too(lead: Lead, home: Path) -> None:
    first = lead("issue", "al", "--device", "desk", "--out", "a", "--no-passphrase", "--json").data
    assert first["also_valid"] == []
    ended = lead("issue", "al", "--device", "desk", "--out", "b", "--no-passphrase")
    assert f"Also good   {first['serial']}, a former certificate of desk, until {first['expires'][:10]}" in ended.out
    assert (
        len(lead("issue", "al", "--device", "desk", "--out", "c", "--no-passphrase", "--json").data["also_valid"]) == 2
    )
    assert "Also good" not in lead("issue", "al", "--device", "other", "--out", "d", "--no-passphrase").out


def test_a_dry_run_of_a_revocation_names_every_certificate_that_goes(lead: Lead, home: Path) -> None:
    serials = [
        lead("issue", "al", "--device", device, "--out", out, "--no-passphrase", "--json").data["serial"]
        for device, out in (("desk", "a"), ("desk", "b"), ("phone", "c"))
    ]
    said = lead("revoke", "al", "--dry-run")
    for serial, device in zip(serials, ("desk", "desk", "phone"), strict=True):
        assert f"  certificate {serial} of {device}, good until " in said.out
    found = lead("revoke", "al", "--device", "desk", "--dry-run", "--json").data["certificates"]
    assert [each["serial"] for each in found] == serials[:2]


@pytest.mark.parametrize(
    "name", ["alcie@acme.example", "alic@acme.example", "alicee@acme.example", "alize@acme.example"]
)
@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_a_name_that_is_one_slip_from_another_is_asked_about(
    lead: Lead, home: Path, name: str, answer: str, code: int
) -> None:
    issue(lead, ALICE)
    command = ["issue", name, "--out", "x", "--no-passphrase"]
    ended, shown = on_terminal(command, {f"Is {name} somebody else? [y/N]": answer})
    assert ended == code, shown
    assert f"{name} is new, and almost the name of {ALICE}." in shown
    assert Path("x").exists() is (code == 0)
    assert (name in lead("list").out) is (code == 0)


@pytest.mark.parametrize(
    ("first", "second"), [("ci-1", "ci-2"), ("ci-1", "ci-10"), ("bob", "rob"), (ALICE, "bo@acme.example")]
)
def test_names_that_count_or_differ_are_not(lead: Lead, home: Path, first: str, second: str) -> None:
    issue(lead, first)
    assert lead("issue", second, "--out", "x", "--passphrase-file", secret()).err == ""


def test_a_script_is_told_of_the_slip_and_goes_on(lead: Lead, home: Path) -> None:
    issue(lead, ALICE)
    ended = lead("issue", "alcie@acme.example", "--out", "x", "--passphrase-file", secret())
    assert (ended.code, ended.err.splitlines()) == (
        0,
        [
            f"alcie@acme.example is new, and almost the name of {ALICE}.",
            "If that is one person, take it back:",
            "  certkit revoke alcie@acme.example --reason replaced",
        ],
    )


@pytest.mark.parametrize(
    ("command", "undo"),
    [
        ("issue --from people.csv --out-dir b --no-passphrase", "revoke {} --reason replaced"),
        ("invite --from people.csv", "invite cancel {}"),
    ],
)
@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0), (None, 0)])
def test_names_in_a_list_that_are_almost_others_are_asked_about(
    lead: Lead, home: Path, command: str, undo: str, answer: str | None, code: int
) -> None:
    """They may be almost those of people who are there, or of each other."""
    started(home)
    issue(lead, ALICE)
    people = ["alcie@acme.example", "zoe", "robert@acme.example", "robert@agency.example"]
    Path("people.csv").write_text("\n".join(["person", *people]))
    if answer:
        ended, shown = on_terminal(command.split(), {"Are all of them somebody else? [y/N]": answer})
    else:
        done = lead(*command.split())
        ended, shown = done.code, done.err
    assert ended == code, shown
    assert f"{people[0]} is new, and almost the name of {ALICE}." in shown
    assert f"{people[3]} is new, and almost the name of {people[2]}." in shown
    assert shown.count(" is new, ") == 2
    assert (f"  certkit {undo.format(people[3])}" in shown) is (answer is None)
    assert ("zoe" in lead("list").out + lead("invite", "list").out) is (code == 0)
    if code == 0:  # and then all of them are known
        assert lead(*command.split()[:3], "--out-dir", "c").err == ""


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0), (None, 0)])
def test_somebody_who_is_invited_with_almost_another_s_name_is_asked_about(
    lead: Lead, home: Path, answer: str | None, code: int
) -> None:
    started(home)
    issue(lead, ALICE)
    command = ["invite", "alcie@acme.example"]
    if answer:
        ended, shown = on_terminal(command, {"Is alcie@acme.example somebody else? [y/N]": answer})
    else:
        done = lead(*command)
        ended, shown = done.code, done.err
        assert shown.endswith("take it back:\n  certkit invite cancel alcie@acme.example\n")
    assert ended == code, shown
    assert f"alcie@acme.example is new, and almost the name of {ALICE}." in shown
    assert ("alcie" in lead("invite", "list").out) is (code == 0)


@pytest.mark.parametrize("name", ["Alice@acme.example", "alic\u034fe@acme.example", "alcie\u034f@acme.example"])
@pytest.mark.parametrize("command", [["issue", "--out", "x", "--no-passphrase"], ["invite"]])
def test_a_name_that_is_refused_is_told_as_that_alone(lead: Lead, home: Path, name: str, command: list[str]) -> None:
    started(home)
    for known in (ALICE, "alyce@acme.example"):
        issue(lead, known)
    assert lead(command[0], name, *command[1:]).complaint[0] in {1, 2}


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_a_device_more_of_the_same_name_is_asked_about(lead: Lead, home: Path, answer: str, code: int) -> None:
    """Two people of one name would share a revocation."""
    issue(lead, "alice")
    command = ["issue", "alice", "--out", "x", "--no-passphrase"]
    ended, shown = on_terminal(command, {"Is this a device more of the same person? [y/N]": answer})
    assert ended == code, shown
    assert "alice is known since 2" in shown
    assert Path("x").exists() is (code == 0)
    again = on_terminal(["issue", "alice", "--device", "laptop", "--out", "y", "--no-passphrase"])
    assert again[0] == 0, again


@pytest.mark.parametrize("verb", ["issue", "sign"])
def test_a_contractor_s_certificate_lives_shorter_and_never_longer(lead: Lead, home: Path, verb: str) -> None:
    lead("enroll", "--request", "al.csr")
    command = ["issue", "al"] if verb == "issue" else ["sign", "al.csr", "--person", "al", "--device", "desk"]
    made = lead(*command, "--life", "30", "--out", "a", "--json").data
    left = datetime.fromisoformat(made["expires"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    most = 365 if verb == "issue" else 90
    assert lead(*command, "--life", most, "--out", "b").code == 0
    code, what, remedy = lead(*command, "--life", most + 1, "--out", "c").complaint
    assert (code, what) == (2, f"certkit: {most + 1} days are more than the team's {most}")
    assert "team.yml" in remedy
    assert lead(*command, "--life", "0", "--out", "c").code == 2
    assert not Path("c").exists()


def secret() -> Path:
    path = Path("secret")
    path.write_text("violet anchor")
    path.chmod(0o600)
    return path
