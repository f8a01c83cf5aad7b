"""Who has enrolled what and when each device last came: what the lead sees of it, and what a rotation waits for."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.cli.support import context
from certkit.pki import keys
from tests.cli.conftest import ALICE, Lead
from tests.cli.json_forms import told
from tests.server.running import OWN, Caller, Server, serving

KEY, NEXT = keys.generate("p256"), keys.generate("p256")
REMEDY = f"certkit invite {ALICE} --device desk"

Travel = Callable[[float], None]


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Travel:
    """Move the clock that every command reads, by days from now."""
    now = datetime.now(UTC)
    return lambda days: monkeypatch.setattr(context, "now", lambda: now + timedelta(days=days))


def enrolled(lead: Lead, caller: Caller, folder: Path) -> Caller:
    """Enroll Alice's desk with a code; return the same caller with its certificate."""
    password = lead("invite", ALICE, "--device", "desk", "--json").data["password"]
    return caller.showing(caller.enroll(password, KEY).certificate, KEY, folder)


def renewed(holder: Caller, folder: Path) -> Caller:
    """Renew; return the same caller with the next certificate, which it has not shown yet."""
    folder.mkdir()
    return holder.showing(holder.renew(NEXT).certificate, NEXT, folder)


def in_use(holder: Caller) -> None:
    """Show what is in use."""
    assert holder.call("GET", f"{OWN}/settings").status == 200


def refusal(lead: Lead, *arguments: str) -> str:
    """Return why a step of a rotation is refused."""
    code, what, remedy = lead("rotate", *arguments).complaint
    assert (code, "--force continues without them" in remedy) == (1, True)
    return what.removeprefix("certkit: to ")


def test_the_lead_sees_who_has_come_and_who_never_did(lead: Lead, caller: Caller, tmp_path: Path) -> None:
    lead("issue", "Bob", "--device", "lap", "--out", "b", "--no-passphrase")
    assert "came" not in lead("list").out.splitlines()[0]
    enrolled(lead, caller, tmp_path)
    head, bob, alice = lead("list").out.splitlines()
    assert head.split()[-1] == "came"
    assert [len(bob.split()), len(alice.split())] == [6, 7]
    by_code = told(lead, "list")["devices"][1]
    assert (by_code["came"], told(lead, "list")["devices"][0]["came"]) == (by_code["issued"], None)
    [device] = told(lead, "show", ALICE)["devices"]
    assert (device["came"], device["renews_by"]) == (by_code["came"], by_code["renews_by"])
    assert by_code["came"][:10] in lead("show", ALICE).out
    assert "came" not in lead("show", "Bob").out


def test_a_missed_renewal_is_seen_by_device_and_a_bundle_s_end_as_ever(
    lead: Lead, caller: Caller, tmp_path: Path, travel: Travel
) -> None:
    enrolled(lead, caller, tmp_path)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for day in (61, 67):
        travel(day)
        assert "renewed by" not in lead("status").out
    travel(68)
    ended = lead("status", "--fail-on", "warning")
    assert ended.code == 3
    said = rf"device {ALICE} desk should have renewed by \d{{4}}-\d\d-\d\d, last came {today}\n  {REMEDY}\n"
    assert re.search(said, ended.out)
    [item] = [each for each in told(lead, "status", code=3)["items"] if each["kind"] == "device"]
    assert (item["attention"], item["severity"], item["remedy"]) == ("not-renewed", "warning", REMEDY)
    assert re.search(r"! should have renewed by .*, last came ", lead("list").out)
    assert lead("issue", "--expiring", "--out-dir", "out").out == "Nothing expires within 30 days.\n"
    travel(91)
    assert f"device {ALICE} desk expired, last came {today}\n  {REMEDY}\n" in lead("status").out
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    travel(91 + 340)
    [item] = [each for each in told(lead, "status", code=3)["items"] if each["kind"] == "device"]
    assert (item["attention"], item["renews_by"]) == ("expires-soon", None)


def test_whoever_renews_in_time_is_nobody_s_concern(lead: Lead, home: Path, tmp_path: Path, travel: Travel) -> None:
    with serving(home) as server:
        first = enrolled(lead, Caller(server), tmp_path)
    with serving(home, ahead=timedelta(days=60)) as later:
        in_use(renewed(Caller(later, first.pair), tmp_path / "next"))
    travel(100)
    [item] = [each for each in told(lead, "status", code=3)["items"] if each["kind"] == "device"]
    assert item["attention"] is None
    assert datetime.fromisoformat(item["came"]) > datetime.now(UTC) + timedelta(days=59)


def test_a_client_authority_goes_when_everybody_was_seen_to_use_the_next_one_s_certificate(
    lead: Lead, caller: Caller, tmp_path: Path
) -> None:
    first = enrolled(lead, caller, tmp_path)
    lead("rotate", "client", "prepare")
    said = lead("rotate", "client", "switch", "--force").out
    assert "Next: laptops that the server enrolled get it within hours, by their timer;" in said
    assert "issue a new bundle" not in said
    assert re.search(rf"retire +would lock out 1: {ALICE} desk, last here on \d{{4}}", said)
    [member] = told(lead, "rotate", "client")["steps"][0]["would_lock_out"]
    assert (member["device"], member["came"]) == ("desk", told(lead, "list")["devices"][0]["came"])
    second = renewed(first, tmp_path / "next")
    assert refusal(lead, "client", "retire") == f"retire now would lock out {ALICE} desk"
    in_use(second)
    assert lead("rotate", "client", "retire").code == 0


def test_a_server_authority_signs_when_everybody_was_seen_to_use_what_came_with_it(
    lead: Lead, caller: Caller, tmp_path: Path
) -> None:
    first = enrolled(lead, caller, tmp_path)
    lead("issue", "Bob", "--device", "lap", "--out", "b", "--no-passphrase")
    assert "issue a new bundle" in lead("rotate", "server", "prepare").out
    assert refusal(lead, "server", "switch") == f"switch now would lock out Bob lap, {ALICE} desk"
    second = renewed(first, tmp_path / "next")
    in_use(first)
    assert refusal(lead, "server", "switch") == f"switch now would lock out Bob lap, {ALICE} desk"
    in_use(second)
    assert refusal(lead, "server", "switch") == "switch now would lock out Bob lap"
    assert lead("rotate", "server", "switch", "--force").code == 0


def test_a_bundle_that_nobody_was_seen_to_use_takes_no_place(lead: Lead, caller: Caller, tmp_path: Path) -> None:
    """A device that comes shows what it uses: what was sent to it since may lie in a mailbox."""
    holder = enrolled(lead, caller, tmp_path)
    in_use(holder)
    lead("rotate", "client", "prepare")
    lead("rotate", "client", "switch", "--force")
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    assert refusal(lead, "client", "retire") == f"retire now would lock out {ALICE} desk"


def test_who_asks_again_and_again_is_noted_once_in_a_while(lead: Lead, server: Server, tmp_path: Path) -> None:
    holder = enrolled(lead, Caller(server), tmp_path)
    in_use(holder)
    before = (server.home / "ledger.sqlite-wal").read_bytes()
    for _ in range(3):
        in_use(holder)
    assert (server.home / "ledger.sqlite-wal").read_bytes() == before


def test_a_daemon_that_moves_is_told_to_those_that_come_and_they_need_no_bundle(
    lead: Lead, caller: Caller, tmp_path: Path
) -> None:
    first = enrolled(lead, caller, tmp_path)
    ended = lead("daemon", "move", "build", "tcp://other.acme.example:8372")
    assert f"  {ALICE}, device desk\nThose that the server enrolled get the new URL within hours" in ended.out
    assert "With new bundles" not in ended.out
    assert lead("issue", "--moved", "--out-dir", "out").out == "No laptop has a former URL.\n"
    second = renewed(first, tmp_path / "next")

    def outdated() -> list[tuple[str, bool]]:
        found = told(lead, "daemon", "move", "build", "tcp://other.acme.example:8372")["must_enroll_again"]
        return [(each["device"], each["renews"]) for each in found]

    in_use(first)
    assert outdated() == [("desk", True)]
    in_use(second)
    assert outdated() == []
