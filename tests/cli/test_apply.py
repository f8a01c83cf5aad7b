"""`certkit apply`: a team as a roster says, by a difference that can be read before, and applied again and again."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from certkit import files
from certkit.authority import roster
from certkit.cli.support import context
from certkit.enroll import codes
from certkit.enroll.bundle import open_bundle
from certkit.errors import CertkitError
from certkit.pki import certificates, extensions, sealed
from tests.cli.conftest import ALICE, URL, Ended, Lead
from tests.cli.json_forms import told
from tests.cli.terminal import on_terminal
from tests.server.identity import started

BUILD = f"daemons:\n  build: {{url: '{URL}'}}\n"
NOTHING = "Nothing to do: the team is as the roster says."


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encrypt at once: a quarter of a second for each bundle is not what is tested here."""
    monkeypatch.setattr(sealed, "_LOG_N", 4)


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock that every command reads, by days from now."""
    now = datetime.now(UTC)
    return lambda days: monkeypatch.setattr(context, "now", lambda: now + timedelta(days=days))


def apply(lead: Lead, text: str, *options: str | Path) -> Ended:
    """Apply a roster of the team acme."""
    Path("roster.yml").write_text(f"team: acme\n{text}")
    return lead("apply", "roster.yml", *options)


def lines(ended: Ended) -> list[str]:
    """Return the lines of the difference."""
    return [line.strip() for line in ended.out.splitlines() if line.startswith(("  + ", "  - ", "  ~ "))]


def devices(lead: Lead, *states: str) -> list[tuple[str, str]]:
    found = lead("list", "--json").data["devices"]
    return [(each["person"], each["device"]) for each in found if each["state"] in (states or ("valid",))]


def table(name: str = "bundles.csv") -> list[dict[str, str]]:
    with (Path("new") / name).open(newline="") as file:
        return list(csv.DictReader(file))


def log(lead: Lead) -> list[tuple[str, str]]:
    return [(each["action"], each["subject"]) for each in lead("log", "--last", "100", "--json").data["events"]]


def test_a_plan_shows_the_difference_ends_with_3_and_changes_nothing(lead: Lead, home: Path) -> None:
    before = log(lead)
    ended = apply(lead, f"policy: {{device_days: 30}}\n{BUILD}people:\n  {ALICE}:\n  ci: [github, nightly]\n", "--plan")
    assert (ended.code, ended.err) == (3, "")
    assert lines(ended) == [
        "~ device_days: 90 -> 30",
        f"+ {ALICE}",
        "+ ci, device github",
        "+ ci, device nightly",
    ]
    assert ended.out.splitlines()[-1] == "3 to add, 1 to change."
    assert log(lead) == before
    assert "device_days: 90" in (home / "team.yml").read_text()


def test_whoever_is_new_gets_a_bundle_and_a_second_time_there_is_nothing_to_do(lead: Lead, home: Path) -> None:
    roster = f"people:\n  {ALICE}:\n  ci: [github]\n"
    ended = apply(lead, roster, "--out", "new")
    assert (ended.code, ended.err) == (0, "")
    assert "2 added." in ended.out.splitlines()
    for row in table():
        found = open_bundle((Path("new") / row["bundle"]).read_bytes(), partial(str, row["passphrase"]))
        assert (found.person, found.device) == (row["person"], row["device"])
    assert [row["person"] for row in table()] == [ALICE, "ci"]
    assert table()[1]["device"] == "github"
    again = apply(lead, roster)
    assert (again.code, again.out) == (0, f"{NOTHING}\n")
    assert apply(lead, roster, "--plan").code == 0


def test_where_the_team_has_a_server_whoever_is_new_gets_a_code_that_is_good_for_a_week(
    lead: Lead, home: Path, travel: Callable[[float], None]
) -> None:
    started(home)
    roster = f"people:\n  {ALICE}:\n  ci: [github]\n"
    ended = apply(lead, roster, "--out", "new")
    assert ended.code == 0
    alice, ci = table("codes.csv")
    assert (alice["person"], ci["person"], ci["device"]) == (ALICE, "ci", "github")
    assert codes.parse(alice["code"]).server.host == "ca.acme.example"
    assert alice["code"] not in ended.out
    assert apply(lead, roster).out == f"{NOTHING}\n"
    open_codes = lead("invite", "list", "--json").data["codes"]
    assert [(each["person"], each["state"]) for each in open_codes] == [(ALICE, "open"), ("ci", "open")]
    travel(8)
    late = apply(lead, f"{roster}  bob:\n", "--out", "new")
    assert lines(late) == [
        f"~ {ALICE}, device {alice['device']}: it never got a certificate",
        "~ ci, device github: it never got a certificate",
        "+ bob",
    ]
    assert [row["device"] for row in table("codes.csv")][:2] == [alice["device"], "github"]
    assert {alice["code"], ci["code"]}.isdisjoint(row["code"] for row in table("codes.csv"))


def test_what_is_not_in_the_roster_is_left_alone_and_said(lead: Lead, home: Path) -> None:
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    lead("issue", ALICE, "--device", "lap", "--out", "b", "--no-passphrase")
    lead("issue", "bob", "--out", "c", "--no-passphrase")
    lead("daemon", "add", "arm", "tcp://arm.acme.example:8372", "--san", "10.0.0.9")
    ended = apply(lead, f"{BUILD}people:\n  {ALICE}: [desk]\n")
    assert ended.code == 0
    said = [line.strip() for line in ended.out.splitlines()]
    assert said == [
        "Not in the roster, and left alone (--prune takes them away)",
        "daemon arm",
        f"{ALICE}, device lap",
        "bob",
        "",
        NOTHING,
    ]
    assert len(devices(lead)) == 3


def test_prune_revokes_and_removes_what_is_not_in_the_roster_in_one_publication(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    Path("people.csv").write_text(f"person,device\n{ALICE},desk\n{ALICE},lap\nbob,a\nbob,b\ncarol,c\n")
    lead("issue", "--from", "people.csv", "--out-dir", "bundles", "--no-passphrase")
    former = lead("daemon", "list", "--json").data["daemons"][0]["anchors"]
    roster = f"{BUILD}people:\n  {ALICE}: [desk]\n"
    planned = apply(lead, roster, "--prune", "--plan")
    assert (planned.code, lines(planned)) == (3, ["- daemon arm", f"- {ALICE}, device lap", "- bob", "- carol"])
    assert planned.out.splitlines()[-1] == "3 to revoke, 1 to remove."
    assert apply(lead, roster, "--prune", "--yes").code == 0
    assert devices(lead) == [(ALICE, "desk")]
    [build] = lead("daemon", "list", "--json").data["daemons"]
    assert (build["name"], build["anchors"]) == ("build", former + 1)
    assert lead("show", "bob", "--json").data["revoked"]["reason"] == "affiliationChanged"
    assert apply(lead, roster, "--prune").out == f"{NOTHING}\n"


def test_a_part_that_the_roster_does_not_have_is_not_pruned(lead: Lead, home: Path) -> None:
    lead("issue", ALICE, "--out", "a", "--no-passphrase")
    assert apply(lead, BUILD, "--prune").out == f"{NOTHING}\n"
    assert apply(lead, "policy: {device_days: 90}", "--prune").out == f"{NOTHING}\n"
    assert len(devices(lead)) == 1


def test_a_person_without_devices_in_the_roster_keeps_all_of_theirs(lead: Lead, home: Path) -> None:
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    lead("issue", ALICE, "--device", "lap", "--out", "b", "--no-passphrase")
    assert apply(lead, f"people: {{{ALICE}: }}", "--prune").out == f"{NOTHING}\n"


def test_who_is_revoked_stays_out_whatever_an_older_roster_says(lead: Lead, home: Path) -> None:
    for device in ("desk", "lap"):
        lead("issue", ALICE, "--device", device, "--out", device, "--no-passphrase")
    lead("issue", "bob", "--out", "b", "--no-passphrase")
    lead("revoke", "bob", "--reason", "stolen")
    lead("revoke", ALICE, "--device", "lap")
    ended = apply(lead, f"people:\n  {ALICE}: [desk, lap]\n  bob:\n", "--prune")
    assert ended.code == 0
    assert "In the roster, and revoked all the same (certkit reinstate lets them in)" in ended.out
    assert [line.strip() for line in ended.out.splitlines()][1:] == [f"{ALICE}, device lap", "bob", "", NOTHING]
    assert devices(lead) == [(ALICE, "desk")]


def test_a_device_whose_certificate_has_expired_gets_another_under_its_name(
    lead: Lead, home: Path, travel: Callable[[float], None]
) -> None:
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    travel(400)
    ended = apply(lead, f"people: {{{ALICE}: }}", "--out", "new")
    assert lines(ended) == [f"~ {ALICE}, device desk: its certificate has expired"]
    assert [row["device"] for row in table()] == ["desk"]
    assert devices(lead) == [(ALICE, "desk")]


def test_policy_is_written_into_team_yml_where_what_people_wrote_stays(lead: Lead, home: Path) -> None:
    path = home / "team.yml"
    path.write_text(f"# ours\n{path.read_text()}")
    assert apply(lead, "policy: {bundle_days: 30, key_type: p384}").code == 0
    text = path.read_text()
    assert text.startswith("# ours\n")
    assert "\nbundle_days: 30\n" in text
    assert ("policy", "acme") in log(lead)
    apply(lead, "policy: {bundle_days: 20}\npeople: {bob: [desk]}", "--out", "new")
    [bob] = lead("list", "--json").data["devices"]
    assert lasting(bob) == timedelta(days=20, minutes=10)


def lasting(device: Any) -> timedelta:  # noqa: ANN401  JSON
    issued, expires = (datetime.fromisoformat(device[each]) for each in ("issued", "expires"))
    return expires - issued + timedelta(minutes=10)


def test_daemons_are_added_moved_and_described_and_the_first_is_the_default(lead: Lead, home: Path) -> None:
    roster = """daemons:
  arm: {url: "tcp://arm.acme.example:1234", as: systemd, flavour: buildkit, ssh: admin@10.0.0.9}
  build: {url: "tcp://build2.acme.example:8372", san: [10.0.0.5]}
"""
    ended = apply(lead, roster)
    assert ended.code == 0
    assert lines(ended) == [
        "+ daemon arm at tcp://arm.acme.example:1234",
        f"~ daemon build url: {URL} -> tcp://build2.acme.example:8372",
        "~ daemon build san: build.acme.example -> build.acme.example, build2.acme.example, 10.0.0.5",
        "~ daemon arm: the default, which is build",
    ]
    update, start = ended.out.split("\n\nNext, for arm, which is new\n")
    assert "certkit daemon check arm" not in update  # to restart it comes to nothing before it is started
    assert [line[2] for line in start.splitlines() if line.startswith("  ") and line[2] != " "] == ["1", "2", "3"]
    assert start.endswith("certkit daemon check arm --wait 60\n")
    arm, build = lead("daemon", "list", "--json").data["daemons"]
    assert (arm["name"], arm["default"], arm["deployment"]["kind"]) == ("arm", True, "systemd")
    assert (build["url"], set(build["hosts"])) == (
        "tcp://build2.acme.example:8372",
        {"build2.acme.example", "build.acme.example", "10.0.0.5"},
    )
    again = apply(lead, roster)
    assert "daemon build, called build.acme.example" in again.out
    assert again.out.endswith(f"{NOTHING}\n")
    assert lines(apply(lead, roster, "--prune")) == [
        "~ daemon build san: build2.acme.example, build.acme.example, 10.0.0.5 -> build2.acme.example, 10.0.0.5"
    ]
    leaf = certificates.load((home / "daemons" / "build" / "cert.pem").read_bytes())
    assert extensions.hosts(leaf) == {"build2.acme.example", "10.0.0.5"}


def test_a_name_by_which_laptops_still_reach_a_daemon_is_kept_in_spite_of_prune(lead: Lead, home: Path) -> None:
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    lead("daemon", "move", "build", "tcp://build2.acme.example:8372")
    ended = apply(lead, 'daemons: {build: {url: "tcp://build2.acme.example:8372"}}', "--prune")
    assert "Not in the roster, and kept as long as laptops reach a daemon by it" in ended.out
    assert "daemon build, called build.acme.example" in ended.out
    assert ended.out.endswith(f"{NOTHING}\n")


def test_a_daemon_may_take_the_place_of_another_that_is_pruned(lead: Lead, home: Path) -> None:
    refused = apply(lead, f"daemons: {{fast: {{url: '{URL}'}}}}")
    assert refused.complaint == (
        1,
        f"certkit: roster.yml: line 2: the daemon build is at {URL} already",
        "Two daemons on one host need two ports; --prune removes what is not here.",
    )
    assert lines(apply(lead, f"daemons: {{fast: {{url: '{URL}'}}}}", "--prune", "--yes")) == [
        "- daemon build",
        f"+ daemon fast at {URL}",
    ]
    [daemon] = lead("daemon", "list", "--json").data["daemons"]
    assert daemon["name"] == "fast"


def test_a_key_goes_only_if_somebody_agrees(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    ended = apply(lead, BUILD, "--prune")
    assert (ended.code, ended.err.splitlines()) == (
        2,
        [
            "certkit: with the daemon arm its key would go, and there is nobody to ask",
            "Add --yes. What would go: certkit apply --plan",
        ],
    )
    assert len(lead("daemon", "list", "--json").data["daemons"]) == 2


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, []), ("n", 1, [("bob", "desk")])])
def test_who_is_at_a_terminal_is_asked_before_anybody_is_shut_out(
    lead: Lead, home: Path, answer: str, code: int, left: list[tuple[str, str]]
) -> None:
    lead("issue", "bob", "--device", "desk", "--out", "b", "--no-passphrase")
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    Path("roster.yml").write_text(f"team: acme\npeople: {{{ALICE}: }}")
    arguments = ["apply", "roster.yml", "--prune", "--home", str(home)]
    ended, shown = on_terminal(arguments, {"1 to revoke. Apply that? [y/N]": answer})
    assert ended == code, shown
    assert [each for each in devices(lead) if each[0] == "bob"] == left


def test_without_a_folder_nothing_is_done(lead: Lead, home: Path) -> None:
    ended = apply(lead, f"policy: {{device_days: 30}}\npeople:\n  {ALICE}:\n")
    assert (ended.code, ended.err.splitlines()) == (
        2,
        ["certkit: 1 is to get a bundle or a code, and there is no folder for them", "Name one: --out FOLDER"],
    )
    assert "device_days: 90" in (home / "team.yml").read_text()
    Path("file").touch()
    assert apply(lead, f"people:\n  {ALICE}:\n", "--out", "file").code == 1
    assert devices(lead) == []


def test_a_name_that_is_almost_that_of_somebody_who_is_not_in_the_roster_is_told(lead: Lead, home: Path) -> None:
    for name in (ALICE, "bob@acme.example", "carol@acme.example"):
        lead("issue", name, "--out", name, "--no-passphrase")
    ended = apply(lead, "people: {alcie@acme.example: , bob@acme.example: , bobb@acme.example: }", "--plan")
    assert ended.err == (f"alcie@acme.example is new, and almost the name of {ALICE}, who is not in the roster.\n")


def test_it_is_told_of_a_few_such_names_only(lead: Lead, home: Path) -> None:
    names = [f"{each}@acme.example" for each in ("anna", "bert", "cleo", "dora", "emil", "fritz", "gerd")]
    Path("people.csv").write_text("\n".join(["person", *names]))
    lead("issue", "--from", "people.csv", "--out-dir", "bundles", "--no-passphrase")
    new = ", ".join(f"{name.replace('acme', 'other')}: " for name in names)
    assert apply(lead, f"people: {{{new}}}", "--plan").err.splitlines()[-1] == "So are 2 more."


def test_the_roster_may_come_through_a_pipe(lead: Lead, home: Path) -> None:
    Path("roster.yml").write_text(f"team: acme\npeople: {{{ALICE}: }}")
    ended, shown = on_terminal(["apply", "-", "--plan", "--home", str(home)], given="roster.yml")
    assert ended == 3
    assert f"+ {ALICE}" in shown


def test_a_daemon_whose_files_are_lost_gets_a_new_certificate(lead: Lead, home: Path) -> None:
    files.remove_directory(home / "daemons" / "build")
    assert lines(apply(lead, BUILD)) == ["~ daemon build: its certificate is lost"]
    assert (home / "daemons" / "build" / "key.pem").exists()
    assert apply(lead, BUILD).out == f"{NOTHING}\n"


def test_a_daemon_is_described_anew(lead: Lead, home: Path) -> None:
    roster = f"daemons: {{build: {{url: '{URL}', service: buildkitd, as: podman}}}}"
    assert lines(apply(lead, roster)) == [
        "~ daemon build as: docker -> podman",
        "~ daemon build service: by default -> buildkitd",
    ]
    assert lead("daemon", "list", "--json").data["daemons"][0]["deployment"]["kind"] == "podman"


def test_bundles_that_an_interrupted_command_did_not_write_are_made_again(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roster = "people: {bob: [desk]}"
    with monkeypatch.context() as patch:
        patch.setattr(files, "write_all", failing)
        assert apply(lead, roster, "--out", "new").code == 1
    assert lines(apply(lead, roster, "--plan")) == ["~ bob, device desk: its bundle was not written"]
    assert apply(lead, roster, "--out", "new").code == 0
    assert apply(lead, roster).out == f"{NOTHING}\n"


def failing(_: object) -> None:
    raise CertkitError("the disk is full")


@pytest.mark.parametrize("has_server", [True, False], ids=("codes", "bundles"))
def test_many_are_handed_out_at_once(lead: Lead, home: Path, has_server: object) -> None:
    if has_server:
        started(home)
    names = [f"dev{number}" for number in range(40)]
    roster = f"people: {{{', '.join(f'{name}: ' for name in names)}}}"
    assert apply(lead, roster, "--out", "new").code == 0
    assert [row["person"] for row in table("codes.csv" if has_server else "bundles.csv")] == names
    assert len(list(Path("new").iterdir())) == (2 if has_server else 42)


def test_what_another_command_changes_meanwhile_is_not_overlooked(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = roster.plan
    plans = iter([True, False])

    def overtaken(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  the function's own
        made = found(*arguments, **options)
        return made if next(plans) else made._replace(changes=())

    monkeypatch.setattr(roster, "plan", overtaken)
    ended = apply(lead, "policy: {device_days: 30}")
    assert (ended.code, ended.err) == (1, "certkit: another command has just changed the team\nRun it again.\n")
    assert "device_days: 90" in (home / "team.yml").read_text()


def test_in_json(lead: Lead, home: Path) -> None:
    lead("issue", "bob", "--out", "b", "--no-passphrase")
    text = f"policy: {{device_days: 30}}\npeople:\n  {ALICE}: [desk]\n"
    Path("roster.yml").write_text(f"team: acme\n{text}")
    planned = told(lead, "apply", "roster.yml", "--plan", code=3)
    assert (planned["applied"], [each["act"] for each in planned["changes"]]) == (False, ["change", "add"])
    assert planned["left"] == [{"kind": "person", "name": "bob", "device": None, "why": "not-listed", "host": None}]
    done = told(lead, "apply", "roster.yml", "--out", "new")
    assert (done["applied"], done["changes"]) == (True, planned["changes"])
    [issued] = done["issued"]
    assert (issued["person"], issued["passphrase"]) == (ALICE, table()[0]["passphrase"])
    assert told(lead, "apply", "roster.yml")["applied"] is False
    started(home)
    Path("roster.yml").write_text("team: acme\npeople:\n  carol:\n  bob:\n")
    coded = told(lead, "apply", "roster.yml", "--prune", "--out", "new")
    [invited] = coded["invited"]
    assert (invited["person"], invited["code"]) == ("carol", table("codes.csv")[0]["code"])
    assert json.loads((home / ".settings.json").read_bytes())["values"]["device_days"] == 30


def test_a_daemon_of_which_no_recipe_could_be_written_is_refused_with_its_line(lead: Lead, home: Path) -> None:
    ended = apply(lead, 'daemons: {build: {url: "tcp://build.acme.example:8372", ssh: "a b"}}')
    assert ended.complaint[1].startswith("certkit: roster.yml: line 2: 'a b' is not how SSH reaches a host")


def test_leads_are_named_even_among_those_who_are_new_and_pruned(lead: Lead, home: Path) -> None:
    people = f"people:\n  {ALICE}:\n  bob@acme.example:\n"
    applied = apply(lead, f"{people}leads: [bob@acme.example]\n", "--out", "new")
    assert lines(applied) == [f"+ {ALICE}", "+ bob@acme.example", "+ lead bob@acme.example"]
    assert leads(lead) == ["bob@acme.example"]
    assert apply(lead, f"{people}leads: [bob@acme.example]\n", "--plan").code == 0
    left = apply(lead, f"{people}leads: [{ALICE}]\n")
    assert "    lead bob@acme.example\n" in left.out
    assert leads(lead) == [ALICE, "bob@acme.example"]
    assert lines(apply(lead, f"leads: [{ALICE}]\n", "--prune")) == ["- lead bob@acme.example"]
    assert leads(lead) == [ALICE]
    lead("revoke", ALICE)
    assert "and revoked all the same" in apply(lead, f"leads: [{ALICE}]\n").out


def test_a_lead_whom_nobody_knows_or_who_is_there_twice_is_refused_with_the_line(lead: Lead, home: Path) -> None:
    for text, what in {
        "leads: [bob]\n": "there is nobody called bob",
        f"people:\n  {ALICE}:\nleads: [{ALICE}, {ALICE}]\n": f"the lead {ALICE} is in line 4 already",
        "leads: []\n": "a list of people must stand there",
    }.items():
        code, told, _ = apply(lead, text, "--out", "new").complaint
        assert (code, told) == (1, f"certkit: roster.yml: line {2 if 'people' not in text else 4}: {what}")
    assert leads(lead) == []


def leads(lead: Lead) -> list[str]:
    return [each["name"] for each in lead("lead", "list", "--json").data["leads"] if not each["at_home"]]
