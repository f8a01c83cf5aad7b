"""`certkit issue --from` and `--expiring`: bundles for many at once, and the one table that tells their passphrases."""

import csv
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.cli.support import context
from certkit.enroll.bundle import Bundle, open_bundle
from certkit.pki import sealed
from tests.cli.conftest import ALICE, Ended, Lead
from tests.cli.json_forms import Told, told
from tests.cli.terminal import on_terminal

FOLDER = Path("bundles")
PEOPLE = f"person,device\n{ALICE},desk\nBob Smith,\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encrypt at once: a quarter of a second for each bundle is not what is tested here."""
    monkeypatch.setattr(sealed, "_LOG_N", 4)


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock that every command reads, by days from now."""
    now = datetime.now(UTC)
    return lambda days: monkeypatch.setattr(context, "now", lambda: now + timedelta(days=days))


def many(lead: Lead, people: str | bytes = PEOPLE, *options: str) -> Ended:
    Path("people.csv").write_bytes(people if isinstance(people, bytes) else people.encode())
    return lead("issue", "--from", "people.csv", "--out-dir", FOLDER, *options)


def table(folder: Path = FOLDER) -> list[dict[str, str]]:
    """Read the table as a spreadsheet does."""
    with (folder / "bundles.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def opened(row: dict[str, str], folder: Path = FOLDER) -> Bundle:
    return open_bundle((folder / row["bundle"]).read_bytes(), lambda: row["passphrase"])


def issued(lead: Lead) -> list[tuple[str, str]]:
    return [(each["person"], each["device"]) for each in lead("list", "--json").data["devices"]]


def skipped(ended: Ended) -> list[tuple[str, str | None, str]]:
    return [(each["person"], each["device"], each["why"]) for each in ended.data["skipped"]]


def test_everybody_in_the_file_gets_a_bundle_that_the_passphrase_in_the_table_opens(lead: Lead, home: Path) -> None:
    ended = many(lead)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "Issued 2 bundles, in bundles/"
    alice, bob = table()
    assert (alice["person"], alice["device"], alice["bundle"]) == (ALICE, "desk", f"{ALICE}.desk.certkit")
    assert bob["bundle"].startswith("bob-smith-")
    assert alice["passphrase"] != bob["passphrase"]
    for row in (alice, bob):
        assert row["passphrase"] not in ended.out
        assert (opened(row).person, opened(row).device) == (row["person"], row["device"])
    assert [(row["person"], row["device"]) for row in (bob, alice)] == issued(lead)
    assert [each["action"] for each in lead("log", "--last", "2", "--json").data["events"]] == ["issue", "issue"]


def test_all_that_is_written_is_private_and_a_folder_that_was_there_keeps_its_mode(lead: Lead, home: Path) -> None:
    many(lead)
    assert stat.S_IMODE(FOLDER.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in FOLDER.iterdir()} == {0o600}
    Path("shared").mkdir(mode=0o755)
    lead("issue", "--from", "people.csv", "--out-dir", "shared")
    assert stat.S_IMODE(Path("shared").stat().st_mode) == 0o755


def test_the_same_command_again_issues_nothing_and_says_whom_it_skips(lead: Lead, home: Path) -> None:
    many(lead)
    before = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    again = many(lead)
    assert again.out.startswith("Nothing to issue.\n\nSkipped 2\n")
    assert "has a certificate until " in again.out
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == before
    assert len(issued(lead)) == 2


def test_a_longer_file_issues_only_what_is_missing_and_the_table_keeps_what_it_had(lead: Lead, home: Path) -> None:
    many(lead)
    first = table()
    for path in FOLDER.glob("*.certkit"):  # they have been sent
        path.unlink()
    ended = many(lead, f"{PEOPLE}carol,\n{ALICE},\n", "--json")
    assert [each["person"] for each in ended.data["issued"]] == ["carol", ALICE]
    assert [(person, why) for person, _, why in skipped(ended)] == [
        (ALICE, "has-certificate"),
        ("Bob Smith", "has-certificate"),
    ]
    assert table()[:2] == first
    assert [opened(row).person for row in table()[2:]] == ["carol", ALICE]
    assert ended.data["issued"][0]["passphrase"] == table()[2]["passphrase"]


def test_who_is_revoked_is_skipped_and_whose_device_is_lost_gets_another(lead: Lead, home: Path) -> None:
    many(lead, f"person\n{ALICE}\nbob\n")
    [device] = [device for person, device in issued(lead) if person == "bob"]
    lead("revoke", ALICE)
    lead("revoke", "--device", device)
    ended = many(lead, f"person,device\n{ALICE},\nbob,\nbob,{device}\n", "--json")
    assert skipped(ended) == [(ALICE, None, "revoked"), ("bob", device, "revoked")]
    assert [each["person"] for each in ended.data["issued"]] == ["bob"]
    assert ended.data["issued"][0]["device"] != device


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfperson,device\r\nal,desk\r\n\r\nbo,\r\n",
        b'  Person , Device \n "al" , "desk" \n\n,,\n bo\n',
        b"device,person\ndesk,al\n,bo",
        b"person;device\nal;desk\nbo;\n",
        b"person\tdevice\nal\tdesk\nbo\n",
        b"\n\nperson,device\nal,desk,\nbo,,,\n",
    ],
)
def test_a_list_is_read_as_spreadsheets_write_it(lead: Lead, home: Path, content: bytes) -> None:
    assert many(lead, content).code == 0
    assert [(row["person"], row["device"] == "desk") for row in table()] == [("al", True), ("bo", False)]


def test_every_bad_line_is_named_and_nothing_is_issued(lead: Lead, home: Path) -> None:
    lead("issue", "dora", "--device", "desk", "--out", "d", "--no-passphrase")
    ended = many(lead, 'person,device\nal,desk\n,desk\nbo,"a\nb"\nAL,Desk\n\nDora,\neve,a,b\ndora,DESK\n')
    *lines, what, remedy = ended.err.splitlines()
    assert (ended.code, ended.out) == (1, "")
    assert [line.split(": ")[0] for line in lines] == [f"people.csv, line {number}" for number in (3, 4, 6, 8, 9, 10)]
    assert "AL, device Desk, is in line 2 already" in lines[2]
    assert "too similar to dora" in lines[3]
    assert "3 values" in lines[4]
    assert what == "certkit: people.csv: 6 lines are wrong, and nothing was issued"
    assert remedy == "Correct the file, and run it again."
    assert issued(lead) == [("dora", "desk")]
    assert not FOLDER.exists()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"al,desk\n", "line 1: the first line must name the columns"),
        (b"", "people.csv is empty"),
        (b"person,team\nal,x\n", "line 1: the first line must name the columns"),
        (b"person,device\n\xff\n", "line 2: it is not in UTF-8"),
        (b"-----BEGIN CERTIFICATE-----\n", "is a certificate, no list of people"),
    ],
)
def test_what_is_no_list_of_people_is_told_so(lead: Lead, home: Path, content: bytes, what: str) -> None:
    code, said, _ = many(lead, content).complaint
    assert code == 1
    assert what in said
    assert not FOLDER.exists()


def test_a_value_without_an_end_is_one_bad_line(lead: Lead, home: Path) -> None:
    ended = many(lead, f"person,device\nal,\n{'x' * 140_000},\n")
    assert ended.err.startswith("people.csv, line 3: it is not CSV: field larger than field limit")
    assert issued(lead) == []


def test_a_list_of_nobody_issues_nothing(lead: Lead, home: Path) -> None:
    assert many(lead, "person,device\n").out == "Nothing to issue.\n"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ("--from p --expiring --out-dir d", "--from and --expiring each say for whom"),
        ("al --from p --out-dir d", "'al' is one person, and --from means many"),
        ("al --expiring --out-dir d", "'al' is one person, and --expiring means many"),
        ("--from p --out-dir d --out o", "--out is for one bundle: many need --out-dir"),
        ("--expiring --out o", "missing option '--out-dir'"),
        ("--from p --out-dir d --device x", "--device is for one bundle; --from takes devices from its file"),
        ("--expiring --out-dir d --passphrase-file f", "--passphrase-file would give everybody one passphrase"),
        ("al --out-dir d", "--out-dir is for many at once"),
        ("--out-dir d", "missing argument 'PERSON'"),
    ],
)
def test_options_of_one_and_of_many_are_not_mixed(lead: Lead, home: Path, arguments: str, what: str) -> None:
    assert lead("issue", *arguments.split()).complaint[:2] == (2, f"certkit: {what}")


@pytest.mark.parametrize("kind", [None, b"who,what\n", b"", b"\xff", b"person,device,bundle,expires,passphrase\nal\n"])
def test_a_place_that_will_not_do_is_told_before_anybody_is_let_in(lead: Lead, home: Path, kind: bytes | None) -> None:
    if kind is None:
        FOLDER.touch()
    else:
        FOLDER.mkdir()
        (FOLDER / "bundles.csv").write_bytes(kind)
    assert many(lead).complaint[0] == 1
    assert issued(lead) == []


def test_no_bundle_is_overwritten(lead: Lead, home: Path) -> None:
    FOLDER.mkdir()
    (FOLDER / f"{ALICE}.desk.certkit").touch()
    assert many(lead).complaint[:2] == (
        1,
        f"certkit: bundles/{ALICE}.desk.certkit exists already and is not overwritten",
    )
    assert issued(lead) == []


def test_what_could_not_be_written_is_issued_by_the_next_run_for_the_same_devices(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "bundles")

    with monkeypatch.context() as patch:
        patch.setattr("os.link", full)
        code, what, remedy = many(lead).complaint
    assert code == 1
    assert "not all bundles are written: " in what
    assert "run the same command again" in remedy
    first = issued(lead)
    assert len(first) == 2
    assert told(lead, "status", code=3)["notes"] == ["not-encrypted", "undelivered", "never-backed-up"]
    assert {(e["person"], e["device"]) for e in many(lead, PEOPLE, "--json").data["issued"]} == set(first)
    assert all(opened(row) for row in table())
    assert len(table()) == 2
    assert many(lead, PEOPLE, "--json").data["issued"] == []
    assert "undelivered" not in lead("status", "--json").data["notes"]


def test_a_bundle_that_another_command_has_issued_meanwhile_is_not_issued_twice(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from certkit.pki import diceware

    generate = diceware.generate

    def meanwhile() -> str:
        monkeypatch.setattr(diceware, "generate", generate)
        lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
        return generate()

    monkeypatch.setattr(diceware, "generate", meanwhile)
    assert many(lead).complaint == (
        1,
        "certkit: another command has just changed what is to be issued",
        "Run it again.",
    )
    assert not FOLDER.exists()
    assert issued(lead) == [(ALICE, "desk")]


def test_without_a_passphrase_the_table_has_none_and_the_authority_is_to_be_compared(lead: Lead, home: Path) -> None:
    ended = many(lead, PEOPLE, "--no-passphrase")
    assert ended.err == "The bundles are not encrypted: whoever has a file may build.\n"
    assert "acme server authority\n    SHA-256  " in ended.out
    assert [row["passphrase"] for row in table()] == ["", ""]
    assert all(open_bundle((FOLDER / row["bundle"]).read_bytes(), lambda: pytest.fail("sealed")) for row in table())


def test_a_terminal_is_told_how_far_it_is(lead: Lead, home: Path) -> None:
    Path("people.csv").write_text(PEOPLE)
    code, shown = on_terminal(
        ["issue", "--from", "people.csv", "--out-dir", "bundles"], environment={"CERTKIT_HOME": str(home)}
    )
    assert code == 0
    assert "Making bundle 2 of 2" in shown
    assert len(table()) == 2


def test_standard_input_may_be_the_list(lead: Lead, home: Path) -> None:
    command = [sys.executable, "-m", "certkit", "issue", "--from", "-", "--out-dir", "bundles", "--json"]
    ended = subprocess.run(command, input=PEOPLE, capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    assert len(json.loads(ended.stdout)["issued"]) == len(table()) == 2


def test_every_device_that_ends_within_a_month_gets_another_certificate(
    lead: Lead, home: Path, travel: Callable[[float], None]
) -> None:
    for person in ("al", "bo", "cy", "di"):
        lead("issue", person, "--device", "desk", "--out", person, "--no-passphrase")
    lead("revoke", "bo")
    travel(300)
    lead("issue", "cy", "--device", "desk", "--out", "cy2", "--no-passphrase")
    assert lead("issue", "--expiring", "--out-dir", FOLDER).out == "Nothing expires within 30 days.\n"
    travel(336)
    assert "\n2 devices, all at once\n  certkit issue --expiring --out-dir renewals\n" in lead("status").out
    ended = lead("issue", "--expiring", "--out-dir", FOLDER, "--json")
    assert [(each["person"], each["device"]) for each in ended.data["issued"]] == [("al", "desk"), ("di", "desk")]
    assert skipped(ended) == [("bo", "desk", "revoked")]
    assert [opened(row).device for row in table()] == ["desk", "desk"]
    assert lead("issue", "--expiring", "--out-dir", FOLDER, "--json").data["issued"] == []
    assert len(issued(lead)) == 4


def test_what_ended_long_ago_is_taken_to_be_gone_and_told(
    lead: Lead, home: Path, travel: Callable[[float], None]
) -> None:
    lead("issue", "al", "--device", "desk", "--out", "a", "--no-passphrase")
    travel(365 + 29)
    assert lead("issue", "--expiring", "--out-dir", "one", "--no-passphrase", "--json").data["skipped"] == []
    travel(800)
    ended = lead("issue", "--expiring", "--out-dir", FOLDER)
    assert ended.out.startswith("Nothing expires within 30 days.\n\nSkipped 1\n")
    assert "expired long ago" in ended.out
    assert not FOLDER.exists()


def test_the_json_of_many_has_the_form_that_is_documented(lead: Lead, home: Path) -> None:
    run: Told = lambda *arguments: told(lead, *arguments)  # noqa: E731
    Path("people.csv").write_text(PEOPLE)
    for expected in (2, 0):
        found = run("issue", "--from", "people.csv", "--out-dir", FOLDER)
        assert len(found["issued"]) == expected
        assert len(found["skipped"]) == 2 - expected
        assert found["table"] == (str(FOLDER / "bundles.csv") if expected else None)
