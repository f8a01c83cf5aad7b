"""`certkit invite --from`: codes for many at once, all or none; and codes as QR codes."""

import csv
import importlib.util
import stat
from pathlib import Path

import pytest

from certkit.cli.support import output
from certkit.enroll import codes
from tests.cli.conftest import ALICE, Ended, Lead
from tests.cli.json_forms import told
from tests.server.identity import enroll, started

FOLDER = Path("codes")


@pytest.fixture
def server(home: Path) -> Path:
    """Return the home of a team whose server was started."""
    started(home)
    return home


def many(lead: Lead, people: str, *options: str | Path) -> Ended:
    Path("people.csv").write_text(people)
    return lead("invite", "--from", "people.csv", *options)


def known(lead: Lead) -> list[tuple[str, str, str, str]]:
    """Return what the ledger knows of all codes."""
    found = lead("invite", "list", "--json").data["codes"]
    return [(each["person"], each["device"], each["client"], each["state"]) for each in found]


@pytest.mark.parametrize("head", ["", "person,device,client\n", "Person;Device;Client\n"])
def test_everybody_in_a_list_gets_a_code_of_their_own(lead: Lead, server: Path, head: str) -> None:
    lines = f"{ALICE},desk\nBob,lap,buildctl\n"
    ended = many(lead, head + lines.replace(",", ";" if ";" in head else ","), "--for", "earthly", "--json")
    assert [each["person"] for each in ended.data["invited"]] == [ALICE, "Bob"]
    assert known(lead) == [(ALICE, "desk", "earthly", "open"), ("Bob", "lap", "buildctl", "open")]
    assert len({codes.parse(each["code"]).secret for each in ended.data["invited"]}) == 2


def test_the_columns_may_be_named_in_any_order(lead: Lead, server: Path) -> None:
    assert many(lead, f"client,person\nbuildx,{ALICE}\n").code == 0
    [(person, device, client, _)] = known(lead)
    assert (person, device.startswith("laptop-"), client) == (ALICE, True, "buildx")


def test_the_codes_are_a_table_that_a_terminal_s_mouse_can_copy(lead: Lead, server: Path) -> None:
    ended = many(lead, f"{ALICE},desk\nBob,lap\n")
    rows = [line.split() for line in ended.out.splitlines() if "https://" in line]
    assert [(row[0], row[1], codes.parse(row[2]).server.port) for row in rows] == [
        (ALICE, "desk", 8443),
        ("Bob", "lap", 8443),
    ]
    assert "uvx certkit enroll 'CODE'" in ended.out


def test_a_folder_has_a_file_to_send_to_each_and_is_private(lead: Lead, server: Path) -> None:
    assert many(lead, f"{ALICE},desk\nBob,lap\n", "--out-dir", FOLDER, "--qr").code == 0
    with (FOLDER / "codes.csv").open(newline="") as file:
        alice, bob = csv.DictReader(file)
    assert (alice["person"], bob["device"]) == (ALICE, "lap")
    [sent] = FOLDER.glob(f"{ALICE}.*.txt")
    assert sent.read_text() == f"certkit enroll '{alice['code']}'\nuvx certkit enroll '{alice['code']}'\n"
    assert b"<svg" in sent.with_suffix(".svg").read_bytes()
    assert {stat.S_IMODE(each.stat().st_mode) for each in FOLDER.iterdir()} == {0o600}
    assert stat.S_IMODE(FOLDER.stat().st_mode) == 0o700
    assert many(lead, "Eve\n", "--out-dir", FOLDER).code == 0
    assert len((FOLDER / "codes.csv").read_text().splitlines()) == 4


def test_one_bad_line_is_named_and_no_code_is_made(lead: Lead, server: Path) -> None:
    lead("issue", "Carol", "--device", "c", "--out", "c", "--no-passphrase")
    ended = many(lead, f"{ALICE},desk,bazel\nBob\n{ALICE},a,,b\nbob\nCAROL,x\n,lap\n")
    assert ended.code == 1
    assert [line.split(": ")[0] for line in ended.err.splitlines()[:5]] == [
        f"people.csv, line {number}" for number in (1, 3, 4, 5, 6)
    ]
    assert "5 lines are wrong, and nothing was made" in ended.err
    assert known(lead) == []


def test_who_can_build_is_skipped_and_so_are_the_revoked(lead: Lead, server: Path) -> None:
    enroll(server, ALICE, "desk")
    lead("issue", "Bob", "--device", "lap", "--out", "b", "--no-passphrase")
    lead("revoke", "Bob")
    Path("people.csv").write_text(f"{ALICE}\nBob\nEve\n{ALICE},new\n")
    found = told(lead, "invite", "--from", "people.csv")
    assert [(each["person"], each["why"]) for each in found["skipped"]] == [
        (ALICE, "has-certificate"),
        ("Bob", "revoked"),
    ]
    assert [each["person"] for each in found["invited"]] == ["Eve", ALICE]
    ended = many(lead, f"{ALICE},desk\n")
    assert ended.out.startswith("Nobody is to be invited.\n\nSkipped 1\n")


def test_codes_that_reach_nobody_are_cancelled(lead: Lead, server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(output, "flush", full)
        ended = many(lead, f"{ALICE},desk\nBob,lap\n")
    assert (ended.code, "no code could be handed out, and all are cancelled" in ended.err) == (1, True)
    assert {state for *_, state in known(lead)} == {"cancelled"}


def test_without_a_server_or_a_folder_nobody_is_invited(lead: Lead, home: Path) -> None:
    Path("file").write_text("")
    assert "is not a folder" in many(lead, ALICE, "--out-dir", "file").complaint[1]
    assert many(lead, ALICE).complaint[1] == "certkit: this team has no server yet"
    assert lead("list", "--json").data == {"devices": []}


def test_a_code_is_drawn_so_that_a_camera_reads_it(lead: Lead, server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = lead("invite", ALICE, "--qr")
    drawn = [line for line in ended.out.splitlines() if line and set(line) <= set("█▀▄ ")]
    assert len({len(line) for line in drawn}) == 1
    assert len(drawn) * 2 - 1 == len(drawn[0]) <= 80
    assert sum("▄▄▄▄▄" in line for line in many(lead, "Bob\nEve\n", "--qr").out.splitlines()) >= 4
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert lead("invite", ALICE, "--qr").complaint == (
        1,
        "certkit: what draws QR codes is not installed here",
        "Install it: pip install 'certkit[server]'",
    )


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ([ALICE, "--from", "x"], f"{ALICE!r} is one person, and --from means many"),
        (["--from", "x", "--device", "d"], "--device is for one code; --from takes devices from its file"),
        (["--from", "x", "--uses", "2"], "--uses is for one code; --from makes one for each line"),
        (["--from", "x", "--qr", "--json"], "--qr draws for a camera, and --json is for programs"),
        ([ALICE, "--qr", "--json"], "--qr draws for a camera, and --json is for programs"),
        ([ALICE, "--out-dir", "x"], "--out-dir is for many at once"),
        (["list", "--qr"], "invite list makes no code"),
        ([], "nobody is named"),
    ],
)
def test_options_of_one_and_of_many_are_not_mixed(lead: Lead, home: Path, arguments: list[str], what: str) -> None:
    assert lead("invite", *arguments).complaint[:2] == (2, f"certkit: {what}")
