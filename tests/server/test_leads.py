"""Leads who work from their laptops: the commands of the home, sent to a real server."""

import asyncio
import base64
import csv
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from certkit.cli import main
from certkit.cli.remote.offer import File, offers
from certkit.enroll import codes, est
from certkit.pki import keys, requests
from certkit.pki.signer import KeySigner
from certkit.server import leads as commands
from certkit.server.answers import CallError
from certkit.server.leads import Program
from tests.cli import terminal
from tests.cli.conftest import ALICE, Ended, Lead
from tests.server import api
from tests.server.running import OWN, Caller, Server, serving

BOB, CAROL = "bob@acme.example", "carol@acme.example"
COMMANDS = f"{OWN}/commands"
ENDED = {"code": 0, "output": "", "messages": "", "result": None, "files": [], "question": ""}
PAIR = Path(".earthly/certs/acme/cert.pem"), Path(".earthly/certs/acme/key.pem")


@pytest.fixture
def far(
    lead: Lead, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Lead:
    """Return a way to run commands on the laptop of Alice, who is a lead, and where no home is."""
    (tmp_path / ".earthly").mkdir()
    code = lead("invite", ALICE, "--device", "desk", "--json").data["code"]
    assert lead("enroll", code, "--no-probe").code == 0
    assert lead("lead", "add", ALICE).out.startswith(f"{ALICE} is a lead now.")

    def run(*words: str | Path) -> Ended:
        with monkeypatch.context() as patched:
            patched.delenv("CERTKIT_HOME")
            capsys.readouterr()
            ended = main([str(word) for word in words])
            return Ended(ended, *capsys.readouterr())

    return run


@pytest.fixture
def alice(far: Lead, server: Server, tmp_path: Path) -> Caller:
    """Return a program of Alice's that speaks HTTP by itself."""
    return Caller(server, (tmp_path / PAIR[0], tmp_path / PAIR[1]))


def post(caller: Caller, command: str, content: object, kind: str = "application/json") -> tuple[int, Any]:
    """Send a command; what is answered must be as the description of the server says."""
    answer = caller.call("POST", f"{COMMANDS}/{command}", json.dumps(content).encode(), {"Content-Type": kind})
    told = json.loads(answer.body)
    api.check(command, answer.status, told)
    return answer.status, told


def test_a_lead_sees_on_the_laptop_what_the_home_shows(lead: Lead, far: Lead) -> None:
    for words in (
        ["list"],
        ["list", "--json"],
        ["show", ALICE],
        ["show", "nobody"],
        ["log", ALICE, "--last", "2"],
        ["daemon", "list"],
        ["daemon", "deploy", "build"],
        ["rotate", "client"],
        ["authority", "show"],
        ["invite", "list"],
        ["lead", "list"],
        ["lead", "list", "--json"],
    ):
        here, there = lead(*words), far(*words)
        assert (there.code, there.out, there.err) == (here.code, here.out, here.err), words


def test_what_a_lead_does_is_done_and_the_log_tells_who_it_was_and_by_what_right(lead: Lead, far: Lead) -> None:
    assert far("invite", BOB, "--device", "desk", "--ttl", "90m").code == 0
    assert far("daemon", "add", "arm", "tcp://arm.acme.example:8372", "--san", "10.0.0.9", "--san", "arm").code == 0
    assert far("revoke", BOB, "--reason", "left").code == 0
    assert far("rotate", "client", "prepare").code == 0
    done = [each for each in lead("log", "--json").data["events"] if each["actor"]["name"] == ALICE]
    assert [each["action"] for each in done if each["actor"]["access"] == "certificate"] == [
        *("invite", "daemon add", "revoke", "rotate prepare")
    ]
    assert {each["actor"]["host"] for each in done} == {"127.0.0.1"}
    assert [each["hosts"] for each in lead("daemon", "list", "--json").data["daemons"]][1] == [
        *("arm.acme.example", "10.0.0.9", "arm")
    ]


def test_whoever_is_no_lead_may_not_even_look_and_is_told_who_makes_them_one(lead: Lead, far: Lead) -> None:
    assert far("list").code == 0
    assert lead("lead", "remove", ALICE).out == f"{ALICE} is a lead no more.\n"
    for words in (["list"], ["revoke", BOB], ["lead", "add", ALICE]):
        code, what, remedy = far(*words).complaint
        assert (code, what) == (1, f"certkit: {ALICE} is no lead of this team")
        assert remedy == "Whoever is a lead can make you one: certkit lead add PERSON"
    assert lead("lead", "add", ALICE).code == 0
    assert far("list").code == 0


def test_a_lead_who_is_revoked_or_whose_device_is_gets_out_at_once(lead: Lead, far: Lead) -> None:
    lead("revoke", ALICE, "--device", "desk")
    assert far("list").complaint[1].startswith("certkit: the server refused")
    lead("reinstate", ALICE, "--device", "desk")
    assert far("list").code == 0
    lead("revoke", ALICE)
    assert far("list").complaint[1].startswith("certkit: the server refused")
    assert "not at all: revoked" in lead("lead", "list").out
    assert lead("lead", "add", ALICE).complaint[:2] == (1, f"certkit: {ALICE} is revoked")


def test_a_command_that_takes_too_long_is_ended_and_nothing_of_it_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(commands, "LONGEST", 1.0)
    makes = "pathlib.Path(json.load(sys.stdin)['folder'], 'made').touch()"
    hangs = f"import json, pathlib, sys, time; {makes}; time.sleep(60)"
    with pytest.raises(CallError, match="the command took more than 1 s"):
        asyncio.run(commands.carried_out(Program([sys.executable, "-c", hangs], frozenset()), {}))
    assert not list(tmp_path.glob("certkit-*"))


def test_a_bundle_is_made_where_the_lead_is_and_opens_there(lead: Lead, far: Lead, tmp_path: Path) -> None:
    (tmp_path / "desk" / "bundles").mkdir()
    issued = far("issue", BOB, "--out", "bundles/bob.certkit")
    assert (issued.code, "Bundle      bundles/bob.certkit\n" in issued.out) == (0, True), issued
    made = tmp_path / "desk" / "bundles" / "bob.certkit"
    assert made.stat().st_mode & 0o777 == 0o600
    assert "certkit-" not in issued.out + issued.err
    before = made.read_bytes()
    assert far("issue", BOB, "--out", "bundles/bob.certkit").complaint[1] == (
        "certkit: bundles/bob.certkit exists already and is not overwritten"
    )
    assert made.read_bytes() == before
    [passphrase] = [line.split("  ")[1] for line in issued.out.splitlines() if line.startswith("Passphrase")]
    (tmp_path / "desk" / "secret").write_text(passphrase)
    assert lead("enroll", made, "--for", "buildctl", "--passphrase-file", "secret", "--no-probe", "--force").code == 0


def test_a_request_goes_up_and_its_answer_comes_down(far: Lead, tmp_path: Path) -> None:
    (tmp_path / "desk" / "bob.csr").write_bytes(requests.make(KeySigner(keys.generate("p256"))))
    signed = far("sign", "bob.csr", "--person", BOB, "--out", "bob.pem", "--pem")
    assert signed.code == 0, signed
    assert (tmp_path / "desk" / "bob.pem").read_text().count("BEGIN CERTIFICATE") == 2
    (tmp_path / "desk" / "odd.csr").write_text("no request")
    code, what, _ = far("sign", "odd.csr", "--person", BOB, "--out", "odd.pem").complaint
    assert (code, what.startswith("certkit: odd.csr: ")) == (1, True)
    assert far("sign", "lost.csr", "--person", BOB, "--out", "odd.pem").complaint[1] == (
        "certkit: lost.csr does not exist"
    )
    assert not (tmp_path / "desk" / "odd.pem").exists()


def test_a_list_goes_up_and_a_folder_of_codes_comes_down(far: Lead, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    (desk / "people.csv").write_text(f"{BOB},desk\n{CAROL}\n")
    invited = far("invite", "--from", "people.csv", "--ttl", "3d", "--out-dir", "codes")
    assert invited.code == 0, invited
    assert "Table   codes/codes.csv" in invited.out
    rows = list(csv.reader((desk / "codes" / "codes.csv").read_text().splitlines()))
    assert [row[0] for row in rows[1:]] == [BOB, CAROL]
    assert len(list((desk / "codes").glob("*.txt"))) == 2
    assert (desk / "codes").stat().st_mode & 0o777 == 0o700
    again = far("invite", "--from", "people.csv", "--out-dir", "codes")
    assert again.complaint[1:] == ("certkit: codes is not empty", "Name a new folder.")
    (desk / "people.csv").write_text(f"{BOB},desk,nothing\n")
    assert "people.csv, line 1" in far("invite", "--from", "people.csv").err


def test_a_roster_goes_up_and_says_what_it_would_do(far: Lead, lead: Lead, tmp_path: Path) -> None:
    (tmp_path / "desk" / "roster.yml").write_text(f"team: acme\npeople:\n  {ALICE}:\n  {BOB}: [desk]\n")
    assert far("apply", "roster.yml", "--plan").code == 3
    assert far("apply", "roster.yml", "--out", "new").code == 0
    assert (tmp_path / "desk" / "new" / "codes.csv").exists()
    assert lead("show", BOB).code == 0


def test_a_page_is_written_and_replaces_no_other_file(far: Lead, tmp_path: Path) -> None:
    for _ in range(2):
        assert far("status", "--html", "status.html").code == 3
        assert "<html" in (tmp_path / "desk" / "status.html").read_text()
    (tmp_path / "desk" / "letter.html").write_text("dear reader")
    assert far("status", "--html", "letter.html").complaint[1].endswith("is not overwritten")


def test_a_question_is_asked_where_the_lead_sits(far: Lead, monkeypatch: pytest.MonkeyPatch) -> None:
    def removing(answer: str) -> tuple[int, str]:
        with monkeypatch.context() as patched:
            patched.delenv("CERTKIT_HOME")
            return terminal.on_terminal(["daemon", "remove", "build"], {"Remove it? [y/N]": answer})

    code, shown = removing("n")
    assert (code, shown.count("This removes the daemon build"), shown.count("Remove it?")) == (1, 1, 1)
    assert [each["name"] for each in far("daemon", "list", "--json").data["daemons"]] == ["build"]
    assert removing("y")[0] == 0
    assert far("daemon", "list", "--json").data["daemons"] == []


def test_where_nobody_can_be_asked_a_key_stays(far: Lead) -> None:
    code, what, remedy = far("daemon", "remove", "build").complaint
    assert (code, what) == (2, "certkit: with the daemon build its key would go, and there is nobody to ask")
    assert remedy.startswith("Add --yes.")


def test_without_an_enrollment_or_with_another_server_it_is_said_what_is_missing(
    lead: Lead, far: Lead, server: Server
) -> None:
    assert far("list", "--server", server.url).code == 0
    assert far("list", "--server", "nonsense").code == 2
    code, what, _ = far("list", "--server", "https://127.0.0.1:1").complaint
    assert (code, what) == (1, "certkit: https://127.0.0.1:1 cannot be reached: nobody listens there")
    lead("unenroll")
    code, what, remedy = far("list", "--server", server.url).complaint
    assert (code, what) == (1, "certkit: this machine is enrolled in no team")
    assert "certkit enroll" in remedy
    assert far("list").complaint[1].startswith("certkit: there is no team in ")


def test_programs_get_results_as_json_and_failures_with_their_codes(alice: Caller) -> None:
    status, ended = post(alice, "daemon/list", {"options": {"json": True}})
    assert (status, ended["code"], ended["output"], ended["files"]) == (200, 0, "", [])
    assert [each["name"] for each in ended["result"]["daemons"]] == ["build"]
    status, ended = post(alice, "show", {"options": {"what": "nobody", "json": True}})
    assert (status, ended["code"], ended["result"], ended["error"]) == (200, 1, None, "name-unknown")
    status, ended = post(alice, "show", {"options": {}})
    assert (status, ended["code"], ended["output"]) == (200, 2, "")


def test_what_is_no_call_is_refused_and_no_page_of_a_browser_can_make_one(alice: Caller, server: Server) -> None:
    nobody = Caller(server)
    assert post(nobody, "list", {"options": {}})[0] == 403
    assert post(alice, "list", {"options": {}}, "text/plain") == (
        415,
        {"code": "content-type-unsupported", "message": "send it as application/json"},
    )
    assert alice.call("GET", f"{COMMANDS}/list").status == 405
    for name in ("serve", "backup", "init", "enroll", "authority/passphrase", "../list", "list/list", ""):
        assert post(alice, name, {"options": {}})[0] == 404, name
    malformed: list[object] = [
        [],
        {},
        {"options": []},
        {"options": {}, "files": []},
        {"options": {}, "files": {"x": 1}},
    ]
    for content in malformed:
        status, told = post(alice, "list", content)
        assert (status, told["code"]) == (400, "call-malformed"), content
    assert post(alice, "list", {"options": {}})[0] == 200


@pytest.mark.parametrize(
    "content",
    [
        {"options": {"home": "/etc"}},
        {"options": {"server": "https://elsewhere.example"}},
        {"options": {"json": "--home=/etc"}},
        {"options": {"fail_on": ["error", "warning"]}},
        {"options": {"html": "../../../etc/cron.d/page.html"}},
        {"options": {"html": "/"}},
        {"options": {"html": ".."}},
        {"options": {"html": "x\0y"}},
        {"options": {"html": 7}},
        {"options": {"html": "\ud800"}},
        {"options": {"html": "ü" * 500}},
        {"options": {"html": [[[[]]]]}},
        {"options": {"nothing": "of that kind"}},
        {"options": {}, "columns": "many"},
        {"options": {}, "answers": 7},
        {"options": {}, "files": {"html": base64.b64encode(b"x").decode()}},
    ],
)
def test_crafted_options_reach_no_file_and_end_no_server(
    alice: Caller, server: Server, content: dict[str, object]
) -> None:
    status, told = post(alice, "status", content)
    assert status in {200, 400}, told
    assert post(alice, "status", {"options": {}})[0] == 200
    assert "Traceback" not in server.text + json.dumps(told)


def test_a_file_that_a_command_reads_must_come_with_the_call(alice: Caller, tmp_path: Path) -> None:
    for files in ({}, {"request": "not base64!"}, {"other": ""}):
        call = {"options": {"request": str(tmp_path / "x.csr"), "person": BOB, "out": "x.pem"}, "files": files}
        assert post(alice, "sign", call)[0] == 400


def test_every_file_that_a_command_names_is_known_to_be_read_or_made() -> None:
    for offer in offers().values():
        for each in offer.parameters():
            assert ("Path" in str(each.kind)) == (each.file is not File.NONE), (offer.name, each.name)


def test_what_a_command_is_given_travels_and_arrives_as_it_was(far: Lead, lead: Lead) -> None:
    ended = far("invite", BOB, "--ttl", "36h", "--uses", "3", "--for", "buildctl", "--json")
    assert (ended.data["uses"], ended.data["client"]) == (3, "buildctl")
    odd = "--yes 'and' $(more) ünd ☃"
    assert far("invite", "--", odd, "--json").code in {0, 2}
    assert far("show", odd).complaint[0] in {1, 2}


def test_the_authorities_passphrase_stays_on_the_server(
    lead: Lead, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("correct horse battery staple\n")
    command = f"cat {tmp_path / 'secret'}"
    assert lead("authority", "passphrase", "--passphrase-command", command).code == 0
    with serving(home):
        (tmp_path / ".earthly").mkdir()
        code = lead("invite", ALICE, "--json").data["code"]
        assert lead("enroll", code, "--no-probe").code == 0
        assert lead("lead", "add", ALICE).code == 0
        monkeypatch.delenv("CERTKIT_HOME")
        capsys.readouterr()
        assert main(["issue", BOB, "--out", "bob.certkit", "--no-passphrase"]) == 0
        assert "correct horse" not in "".join(capsys.readouterr())


@pytest.fixture
def bob(far: Lead, lead: Lead, server: Server, tmp_path: Path) -> Caller:
    """Return a program of Bob's, who is a lead, too."""
    key = keys.generate("p256")
    code = codes.parse(lead("invite", BOB, "--json").data["code"])
    given = Caller(server).enroll(code.password, key).certificate
    assert lead("lead", "add", BOB).code == 0
    return Caller(server).showing(given, key, tmp_path)


@pytest.fixture
def two_must(home: Path, bob: Caller) -> Caller:
    """Let team.yml want two leads for a rotation, and for a roster; return Bob."""
    settings = home / "team.yml"
    settings.write_text(settings.read_text() + "approvals: {rotate: 2}\n")
    return bob


def test_what_two_must_want_is_done_when_the_second_agrees(far: Lead, lead: Lead, two_must: Caller) -> None:
    proposed = far("rotate", "client", "prepare")
    assert (proposed.code, proposed.out.startswith("Proposed, and not done yet: 1 more must want it by ")) == (0, True)
    assert lead("rotate", "client", "--json").data["stage"] == "settled"
    [waiting] = far("lead", "proposals", "--json").data["proposals"]
    assert (waiting["person"], waiting["command"], waiting["needed"]) == (ALICE, "certkit rotate client prepare", 2)
    assert f"certkit lead agree {waiting['id']}" in proposed.out
    code, what, _ = far("lead", "agree", waiting["id"], "--yes").complaint
    assert (code, what) == (1, f"certkit: {ALICE} wants it already, and 1 more must")
    status, ended = post(two_must, "lead/agree", {"options": {"proposal": waiting["id"], "yes": True}})
    assert (status, ended["code"]) == (200, 0), ended
    assert lead("rotate", "client", "--json").data["stage"] == "prepared"
    assert far("lead", "proposals").out == "Nothing is proposed.\n"
    log = [(each["action"], each["actor"]["name"]) for each in lead("log", "--json").data["events"]]
    assert log[-3:] == [("propose", ALICE), ("agree", BOB), ("rotate prepare", f"{ALICE}, agreed by {BOB}")]
    assert far("lead", "agree", waiting["id"], "--yes").complaint[0] == 1


def test_no_lead_can_become_two_where_two_must_agree(
    far: Lead, lead: Lead, home: Path, two_must: Caller, tmp_path: Path
) -> None:
    (tmp_path / "desk" / "key.csr").write_bytes(requests.make(KeySigner(keys.generate("p256"))))
    for words in (
        ("issue", BOB, "--device", "desk", "--out", "b", "--no-passphrase"),
        ("sign", "key.csr", "--person", BOB, "--device", "desk", "--out", "b"),
        ("invite", BOB, "--device", "desk"),
    ):
        code, what, remedy = far(*words).complaint
        assert (code, what) == (
            1,
            f"certkit: {BOB} is a lead, and whoever enrolls in that name could agree with themselves",
        )
        assert remedy == f"Let {BOB} do it, who can for their own devices, or whoever is at the home."
    assert not (tmp_path / "desk" / "b").exists()
    assert far("invite", ALICE, "--device", "desk").code == 0
    assert far("issue", CAROL, "--out", "c", "--no-passphrase").code == 0
    assert far("lead", "add", CAROL).out.startswith("Proposed, and not done yet: 1 more must want it")
    assert post(two_must, "invite", {"options": {"person": BOB, "device": "other"}})[1]["code"] == 0
    settings = home / "team.yml"
    settings.write_text(settings.read_text().replace("approvals: {rotate: 2}\n", ""))
    assert far("invite", BOB, "--device", "desk").code == 0


def test_what_one_may_do_is_done_at_once_and_so_is_everything_at_the_home(
    far: Lead, lead: Lead, two_must: Caller
) -> None:
    assert far("rotate", "client").code == 0  # which only looks
    assert far("revoke", BOB).out.startswith(f"Revoked {BOB}")
    assert lead("rotate", "server", "prepare").code == 0
    assert far("lead", "proposals").out == "Nothing is proposed.\n"


def test_a_proposal_can_be_withdrawn_and_refused_and_one_that_nobody_made_is_none(
    far: Lead, lead: Lead, two_must: Caller
) -> None:
    which = far("rotate", "client", "prepare", "--json").data["proposal"]["id"]
    agreeing = {"options": {"proposal": which}}
    unasked = post(two_must, "lead/agree", agreeing)[1]
    assert (unasked["code"], unasked["error"]) == (2, "proposal-unasked")
    asked = post(two_must, "lead/agree", agreeing | {"attended": True})[1]
    assert (asked["question"], asked["messages"]) == (
        "Agree?",
        f"{ALICE} proposes: certkit rotate client prepare\n",
    )
    refused = post(two_must, "lead/agree", agreeing | {"attended": True, "answers": [False]})[1]
    assert (refused["code"], refused["error"]) == (1, "proposal-not-confirmed")
    assert lead("lead", "agree", which).complaint[0] == 2  # at the home the command itself can be run
    assert far("lead", "withdraw", which).out == f"Withdrew the proposal {which}.\n"
    for gone in (which, "ffffffff"):
        assert far("lead", "agree", gone, "--yes").complaint[0] == 1
    assert lead("rotate", "client", "--json").data["stage"] == "settled"


def test_files_wait_with_a_proposal_and_what_it_makes_goes_to_whoever_agrees_last(
    far: Lead, two_must: Caller, tmp_path: Path
) -> None:
    (tmp_path / "desk" / "roster.yml").write_text(f"team: acme\npeople:\n  {ALICE}:\n  {CAROL}: [desk]\n")
    assert far("apply", "roster.yml", "--out", "new").out.startswith("Proposed")
    assert not (tmp_path / "desk" / "new").exists()
    [waiting] = far("lead", "proposals", "--json").data["proposals"]
    agreeing = {"proposal": waiting["id"], "yes": True}
    assert post(two_must, "lead/agree", {"options": agreeing})[1]["error"] == "out-missing"
    ended = post(two_must, "lead/agree", {"options": agreeing | {"out": "codes"}})[1]
    assert ended["code"] == 0, ended
    assert "codes.csv" in {each["name"] for each in ended["files"]}
    assert far("show", CAROL).code == 0


@pytest.mark.parametrize("wrong", ["{issue: 2}", "{rotate: 0}", "{rotate: two}", "2", "[rotate]", "{rotate: 10}"])
def test_what_cannot_be_meant_by_approvals_is_an_error_of_team_yml(lead: Lead, home: Path, wrong: str) -> None:
    settings = home / "team.yml"
    settings.write_text(settings.read_text() + f"approvals: {wrong}\n")
    code, what, _ = lead("list").complaint
    assert (code, str(settings) in what) == (1, True)


def test_whoever_proposed_and_is_no_lead_any_more_counts_for_nothing(far: Lead, lead: Lead, two_must: Caller) -> None:
    which = far("rotate", "client", "prepare", "--json").data["proposal"]["id"]
    assert lead("lead", "remove", ALICE).code == 0
    ended = post(two_must, "lead/agree", {"options": {"proposal": which, "yes": True}})[1]
    assert (ended["code"], ended["output"]) == (0, "Agreed; 1 more must.\n")
    assert lead("rotate", "client", "--json").data["stage"] == "settled"


def test_a_lead_s_browser_shows_the_page_of_the_status_and_nobody_else_s(alice: Caller, server: Server) -> None:
    page = alice.call("GET", f"{OWN}/status")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"build" in page.body
    assert page.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert Caller(server).call("GET", f"{OWN}/status").status == 403


def test_a_role_is_given_and_taken_once_and_without_a_server_it_is_said_that_it_is_good_for_nothing(
    lead: Lead, home: Path
) -> None:
    lead("issue", ALICE, "--out", "alice.certkit", "--no-passphrase")
    added = lead("lead", "add", ALICE)
    assert (added.code, added.out.splitlines()[0]) == (0, f"{ALICE} is a lead now.")
    assert "certkit serve --url" in added.err
    assert lead("lead", "add", ALICE).out == f"{ALICE} is a lead already; nothing changed.\n"
    assert lead("lead", "remove", ALICE).out == f"{ALICE} is a lead no more.\n"
    assert lead("lead", "remove", ALICE).out == f"{ALICE} is no lead; nothing changed.\n"
    assert lead("lead", "add", "nobody").complaint[:2] == (1, "certkit: there is nobody called 'nobody'")
    assert [each["action"] for each in lead("log", "--json").data["events"]][-2:] == ["lead add", "lead remove"]


def test_what_is_proposed_is_listed_in_words(far: Lead, lead: Lead, two_must: Caller) -> None:
    which = far("rotate", "client", "prepare", "--json").data["proposal"]["id"]
    titles, line = lead("lead", "proposals").out.splitlines()
    assert titles.split() == ["proposal", "by", "until", "(UTC)", "wanted", "command"]
    assert line.startswith(f"{which}  {ALICE}  ")
    assert line.endswith("1 of 2  certkit rotate client prepare")
    assert lead("lead", "withdraw", which, "--json").data == {"id": which, "withdrawn": True}


@pytest.mark.parametrize(
    "crafted",
    [
        b"no JSON",
        b"[]",
        b'{"code": 0}',
        *(
            json.dumps({**ENDED, "files": [made]}).encode()
            for made in (
                {"option": "out_dir", "name": "../escaped", "content": ""},
                {"option": "out_dir", "name": "", "content": ""},
                {"option": "out_dir", "name": "x", "content": "no base64!"},
                {"option": "home", "name": "x", "content": ""},
                {"option": "from", "name": "x", "content": ""},
            )
        ),
    ],
)
def test_a_server_that_answers_nonsense_gets_nothing_written(
    far: Lead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crafted: bytes
) -> None:
    (tmp_path / "desk" / "people.csv").write_text(f"{BOB},desk\n")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(est, "body_of", lambda *_: crafted)
    code, what, _ = far("invite", "--from", "people.csv", "--out-dir", "codes").complaint
    assert (code, what.startswith("certkit: the server's answer ")) == (1, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_a_server_says_steers_no_terminal(far: Lead, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({**ENDED, "output": "\x1b[2Jall gone\n", "messages": "\x1b]0;title\x07\n"}).encode()
    monkeypatch.setattr(est, "body_of", lambda *_: said)
    ended = far("list")
    assert (ended.out, ended.err) == ("\\x1b[2Jall gone\n", "\\x1b]0;title\\x07\n")
