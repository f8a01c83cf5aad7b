"""What the lead is shown of who was let in, what expires when, and what was done."""

import contextlib
import os
import pwd
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.authority import overview
from certkit.cli.actions import status
from certkit.cli.support import context, output
from certkit.ledger import sql, sqlite
from certkit.ledger.interface import Actor, Certificate, Device, Event, Person
from certkit.pki import certificates
from certkit.pki.names import label
from tests.cli.conftest import ALICE, URL, Lead
from tests.cli.daemons import running
from tests.cli.openssl import issue

Spell = Callable[[str], str]
OWN = f"{label(ALICE)}-desk.certkit"
HOSTILE = "\x1b]0;owned\x07\x1b[31mred\u202e"


@pytest.fixture
def serial(lead: Lead, home: Path) -> str:
    """Let Alice in with one device."""
    return str(lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase", "--json").data["serial"])


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> "Travel":
    return Travel(monkeypatch)


class Travel:
    """Moves the clock that every command reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch, self._now = monkeypatch, datetime.now(UTC)

    def __call__(self, *, days: float) -> None:
        self._monkeypatch.setattr(context, "now", lambda: self._now + timedelta(days=days))


def test_a_team_of_nobody_says_how_to_begin(lead: Lead, home: Path) -> None:
    assert lead("list").out == "Nobody yet. Issue the first: certkit issue alice@acme.example --out alice.certkit\n"
    assert lead("list", "--json").data == {"devices": []}


def test_everybody_is_listed_device_by_device(lead: Lead, serial: str) -> None:
    lead("issue", "Bob", "--device", "lap", "--out", "b", "--no-passphrase")
    head, *rows = lead("list").out.splitlines()
    assert head.split() == ["person", "device", "state", "since", "issued", "expires"]
    assert [row.split()[:3] for row in rows] == [["Bob", "lap", "valid"], [ALICE, "desk", "valid"]]
    device = lead("list", "--json").data["devices"][1]
    assert all(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", device.pop(time)) for time in ("since", "issued", "expires")
    )
    assert device == {
        "person": ALICE,
        "device": "desk",
        "state": "valid",
        "serial": serial,
        "attention": None,
        "came": None,
        "renews_by": None,
    }


def test_which_laptop_is_meant_is_told_by_when_it_was_first_and_last_issued_a_certificate(
    lead: Lead, serial: str, travel: Travel
) -> None:
    travel(days=100)
    lead("issue", ALICE, "--device", "desk", "--out", "b", "--no-passphrase")
    lead("issue", ALICE, "--device", "new", "--out", "c", "--no-passphrase")
    (first, renewed), (since, issued) = (row.split()[3:5] for row in lead("list").out.splitlines()[1:])
    assert first < renewed == since == issued


def test_what_ends_within_thirty_days_is_marked_in_the_list(lead: Lead, serial: str, travel: Travel) -> None:
    travel(days=365 - 31)
    assert "!" not in lead("list").out
    travel(days=365 - 29)
    said = lead("list").out
    assert re.search(r"^alice@acme.example  desk    valid .*  ! expires in 28 days$", said, re.MULTILINE)
    assert said.endswith("The commands that renew what is due:  certkit status\n")
    assert lead("list", "--json").data["devices"][0]["attention"] == "expires-soon"


def test_a_person_is_shown_with_every_device(lead: Lead, serial: str) -> None:
    shown = lead("show", ALICE, "--json").data
    assert shown["person"] == ALICE
    assert [device["serial"] for device in shown["devices"]] == [serial]
    assert [each["serial"] for each in shown["devices"][0]["certificates"]] == [serial]
    assert [key for key, value in shown.items() if isinstance(value, list)] == ["devices"]
    assert serial in lead("show", ALICE).out


@pytest.mark.parametrize("spell", [str, str.upper, lambda serial: "0x" + serial, lambda serial: "00" + serial])
def test_a_certificate_is_shown_by_its_serial_number_in_any_spelling(lead: Lead, serial: str, spell: Spell) -> None:
    colons = ":".join(re.findall("..", serial))
    for number in (spell(serial), spell(colons)):
        shown = lead("show", number, "--json").data
        assert (shown["serial"], shown["kind"], shown["person"], shown["device"]) == (serial, "device", ALICE, "desk")
        assert len(shown["sha256"]) == 95


def test_a_daemon_is_shown_with_what_is_in_its_certificate(lead: Lead, home: Path) -> None:
    shown = lead("show", "build", "--json").data
    assert (shown["name"], shown["url"], shown["hosts"]) == ("build", URL, ["build.acme.example"])
    said = lead("show", "build").out
    assert "names      build.acme.example\n" in said
    assert "{" not in said
    assert "None" not in said


@pytest.mark.parametrize(("what", "remedy"), [("Alice@acme.exmple", ALICE), ("biuld", "build"), ("z", "list")])
def test_who_is_not_there_is_told_with_who_may_be_meant(lead: Lead, serial: str, what: str, remedy: str) -> None:
    code, said, to_do = lead("show", what).complaint
    assert (code, said) == (1, f"certkit: there is no person, certificate or daemon {what!r}")
    assert remedy in to_do


@pytest.fixture
def all_is_well(lead: Lead, home: Path) -> Iterator[None]:
    """Have a team with one daemon, which was seen to hold its files, and one device."""
    shutil.rmtree(home)
    with running(lead, home):
        lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
        yield


@pytest.mark.usefixtures("all_is_well")
def test_while_all_is_well_status_says_so(lead: Lead) -> None:
    ended = lead("status")
    assert (ended.code, ended.err) == (0, "")
    assert "\nAll is well.\n" in ended.out  # only notes follow
    status = lead("status", "--json").data
    assert status["ok"] is True
    assert {item["kind"] for item in status["items"]} >= {"authority", "daemon", "device"}
    assert all(datetime.fromisoformat(item["expires"]).tzinfo for item in status["items"])


@pytest.mark.parametrize(
    ("days", "kind", "said", "remedy"),
    [
        (365 - 29, "device", "expires in 28 days", f"certkit issue {ALICE} --device desk --out {ALICE}-desk.certkit"),
        (365 - 29, "daemon", "expires in 28 days", "certkit daemon renew build"),
        (366, "daemon", "expired", "certkit daemon renew build"),
        (366, "device", "expired", f"certkit issue {ALICE} --device desk --out {ALICE}-desk.certkit"),
        (3653 - 399, "authority", "expires in 398 days", "certkit rotate server prepare"),
    ],
)
@pytest.mark.usefixtures("serial")
def test_what_expires_soon_wants_attention_and_has_a_remedy(
    lead: Lead, travel: Travel, days: int, kind: str, said: str, remedy: str
) -> None:
    travel(days=days)
    ended = lead("status", "--fail-on", "warning")
    assert ended.code == 3
    assert re.search(rf"^{kind} .*{said}\n  {re.escape(remedy)}$", ended.out, re.MULTILINE)
    status = lead("status", "--json", "--fail-on", "warning")
    attention, severity = ("expired", "error") if said == "expired" else ("expires-soon", "warning")
    assert status.code == 3
    assert (kind, attention, severity, remedy) in {
        (i["kind"], i["attention"], i["severity"], i["remedy"]) for i in status.data["items"]
    }


@pytest.mark.usefixtures("all_is_well")
def test_what_is_due_is_a_warning_and_what_has_expired_is_not(lead: Lead, travel: Travel) -> None:
    travel(days=365 - 13)
    due = lead("status")
    assert (due.code, lead("status", "--json").data["ok"]) == (0, True)
    assert re.search("^device .* ! expires in 12 days$", due.out, re.MULTILINE)
    assert re.search("^Nothing is broken; [0-9]+ of [0-9]+ items are due.$", due.out, re.MULTILINE)
    assert lead("status", "--fail-on", "warning").code == 3
    travel(days=366)
    assert (lead("status").code, lead("status", "--json").data["ok"]) == (3, False)


@pytest.mark.usefixtures("all_is_well")
def test_a_day_before_its_notice_nothing_wants_attention(lead: Lead, travel: "Travel") -> None:
    travel(days=365 - 31)
    assert lead("status").code == 0


@pytest.mark.usefixtures("serial")
def test_a_daemon_that_was_never_seen_wants_attention(lead: Lead) -> None:
    assert "daemon build not seen yet\n  certkit daemon check build\n" in lead("status").out
    [daemon] = lead("daemon", "list", "--json").data["daemons"]
    assert (daemon["behind"], daemon["proven"]) == ("not-seen", None)


def test_a_renewal_is_enough(lead: Lead, serial: str, travel: Travel) -> None:
    travel(days=365 - 5)
    lead("daemon", "renew", "build")
    lead("issue", ALICE, "--device", "desk", "--out", "again", "--no-passphrase")
    items = lead("status", "--json").data["items"]
    assert not [item for item in items if item["attention"] in {"expired", "expires-soon"}]


def test_a_device_forgotten_long_ago_is_listed_and_wants_nothing(lead: Lead, serial: str, travel: Travel) -> None:
    travel(days=365 + 31)
    assert "device" not in {item["kind"] for item in lead("status", "--json").data["items"]}
    assert lead("list", "--json").data["devices"][0]["state"] == "expired"


def test_the_log_tells_who_did_what_to_whom_and_where(lead: Lead, serial: str) -> None:
    events = lead("log", "--json").data["events"]
    assert [(event["action"], event["subject"]) for event in events] == [
        ("init", "acme"),
        ("daemon add", "build"),
        ("issue", ALICE),
    ]
    assert events[2]["detail"]["serial"] == serial
    for event in events:
        assert event["actor"] == {"name": user_of(os.getuid()), "host": socket.gethostname(), "access": "home"}
        assert datetime.fromisoformat(event["at"])
    head, *rows = lead("log").out.splitlines()
    assert head.split() == ["when", "who", "did", "to", "with"]
    assert f"serial={serial}" in rows[2]
    assert "hosts=build.acme.example" in rows[1]


def test_whoever_sets_a_variable_is_not_somebody_else_in_the_log(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "daemon")
    lead("daemon", "renew", "build")
    assert lead("log", "--last", "1", "--json").data["events"][0]["actor"]["name"] == user_of(os.getuid())


def test_who_has_become_the_lead_by_sudo_is_named_beside_the_lead(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = next(each for each in pwd.getpwall() if each.pw_uid not in {0, os.getuid()})
    monkeypatch.setenv("SUDO_USER", other.pw_name)
    monkeypatch.setenv("SUDO_UID", str(other.pw_uid))
    lead("daemon", "renew", "build")
    [event] = lead("log", "--last", "1", "--json").data["events"]
    assert event["actor"]["name"] == f"{other.pw_name} as {user_of(os.getuid())}"
    assert f"{other.pw_name} as {user_of(os.getuid())}@" in lead("log", "--last", "1").out


def user_of(number: int) -> str:
    return pwd.getpwuid(number).pw_name


def test_the_log_can_be_narrowed(lead: Lead, serial: str) -> None:
    assert len(lead("log", "--last", "2", "--json").data["events"]) == 2
    [event] = lead("log", ALICE, "--json").data["events"]
    assert event["action"] == "issue"


@pytest.mark.parametrize("as_json", [(), ("--json",)])
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("alice@acme.exampl", f"Did you mean {ALICE}?"),
        ("biuld", "Did you mean build?"),
        ("z", "See who there is: certkit list"),
    ],
)
def test_a_log_about_nobody_is_told(lead: Lead, serial: str, name: str, remedy: str, as_json: tuple[str, ...]) -> None:
    assert lead("log", name, *as_json).complaint == (1, f"certkit: there is nothing about {name!r}", remedy)


def test_what_is_not_known_is_not_shown(lead: Lead, home: Path) -> None:
    with contextlib.closing(sqlite.open_ledger(home / "ledger.sqlite")) as ledger, ledger.transaction():
        ledger.add_event(
            Event(datetime.now(UTC), Actor("lead", "desk"), "sign", ALICE, {"device": None, "names": ["a", "b"]})
        )
    assert lead("log", "--last", "1").out.splitlines()[1].endswith("  names=a, b")


@pytest.mark.parametrize("command", [["list"], ["status"], ["log"], ["show", HOSTILE]])
def test_nothing_of_a_ledger_reaches_the_terminal_raw(lead: Lead, home: Path, command: list[str]) -> None:
    hostile(home)
    ended = lead(*command)
    assert not set(ended.out + ended.err) & set("\x1b\x07\u202e")
    as_json = lead(*command, "--json")
    assert not set(as_json.out) & set("\x1b\x07\u202e")


def hostile(home: Path) -> None:
    """Write what certkit itself would refuse: a name that steers terminals."""
    ledger = sqlite.open_ledger(home / "ledger.sqlite")
    now = datetime.now(UTC)
    der = certificates.to_der(certificates.load((home / "authorities/client/cert.pem").read_bytes()))
    with ledger.transaction():
        ledger.add_person(Person(HOSTILE, "x", now))
        ledger.add_device(Device(HOSTILE, HOSTILE, "x", now))
        ledger.add_certificate(Certificate("01", "device", "", now, now, der, now, HOSTILE, HOSTILE))
        ledger.add_event(Event(now, Actor(HOSTILE, HOSTILE), HOSTILE, HOSTILE, {HOSTILE: HOSTILE}))
    ledger.close()


@pytest.mark.usefixtures("home")
def test_of_many_devices_status_lists_those_alone_that_are_due(
    lead: Lead, travel: "Travel", monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(lead, "dave")
    travel(days=350)
    for person in ("alice", "bob", "carol"):
        issue(lead, person)
    monkeypatch.setattr(overview, "MANY_DEVICES", 3)
    ended = lead("status")
    assert "dave" in ended.out
    assert "alice" not in ended.out
    assert "\n3 more devices may build, and none of them is due: certkit list\n" in ended.out
    assert {item["name"] for item in lead("status", "--json").data["items"]} >= {"alice", "bob", "carol", "dave"}


@pytest.mark.usefixtures("home")
def test_of_many_that_are_due_status_names_those_that_end_first_and_counts_all(
    lead: Lead, travel: "Travel", monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(lead, "dave")
    travel(days=1)
    for person in ("alice", "bob"):
        issue(lead, person)
    travel(days=350)
    monkeypatch.setattr(status, "_MOST", 1)
    ended = lead("status")
    assert "dave" in ended.out
    assert "alice" not in ended.out
    assert "\n2 more devices are due, and end later: certkit list marks them\n" in ended.out
    assert "\n3 devices, all at once\n" in ended.out
    assert ended.out.endswith("5 of 7 items are due.\n")  # the daemon and the list, too
    named = [item["name"] for item in lead("status", "--json").data["items"] if item["attention"]]
    assert {"alice", "bob", "dave"} <= set(named)


@pytest.mark.usefixtures("home")
def test_a_long_list_and_a_long_log_are_whole(lead: Lead, monkeypatch: pytest.MonkeyPatch) -> None:
    people = ["alice", "bob", "carol", "dave", "somebody with a longer name"]
    for person in people:
        issue(lead, person)
    monkeypatch.setattr(output, "_PAGE", 2)
    monkeypatch.setattr(sql, "_PAGE", 2)
    titles, *rows = lead("list").out.splitlines()
    assert titles.split() == ["person", "device", "state", "since", "issued", "expires"]
    assert [row.split("  ")[0] for row in rows] == people
    assert [line for line in lead("log").out.splitlines() if "  issue  " in line and people[-1] in line]
    assert [each["subject"] for each in lead("log", "--json").data["events"] if each["action"] == "issue"] == people
