"""`certkit daemon sync`: the host of a daemon fetches its files, and proves that the daemon holds them."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.cli.support import context
from certkit.errors import CertkitError
from certkit.pki import certificates, extensions
from certkit.sync import calls
from tests.cli.conftest import ALICE
from tests.cli.json_forms import told
from tests.server.running import serving
from tests.sync.conftest import Found, Team


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock that every command reads, by days from now."""
    now = datetime.now(UTC)
    return lambda days: monkeypatch.setattr(context, "now", lambda: now + timedelta(days=days))


def listing(folder: Path) -> dict[str, bytes]:
    """Return the daemon's four files."""
    return {path.name: path.read_bytes() for path in folder.glob("*.pem")}


def test_from_a_code_to_a_daemon_that_is_proven(team: Team) -> None:
    code = told(team.lead, "invite", "--daemon", "build")["code"]
    enrolled = team.lead("enroll", code)
    assert (enrolled.code, enrolled.err) == (0, "")
    assert enrolled.out.startswith("This machine is the host of build of acme now\n  its files go to ~/host/certs/; ")
    assert "daemon sync build --once --restart-command 'docker restart buildkitd-build'" in enrolled.out
    before = {path: path.read_bytes() for path in team.state.rglob("*") if path.is_file()}
    assert team.lead("enroll", code).out.startswith("This machine is the host of build of acme already\n")
    assert {path: path.read_bytes() for path in team.state.rglob("*") if path.is_file()} == before
    synced = team.sync()
    assert (synced.code, synced.err, synced.out) == (0, "", "build holds publication 1, proven\n")
    assert team.sync().out == "build holds publication 1, proven\n"
    assert team.machine.restarts == 1
    daemon = team.daemon()
    assert (daemon["proven"], daemon["behind"]) == (1, None)
    assert team.lead("daemon", "check", "build").code == 0
    status = team.lead("status").out
    assert "proven by its host, publication 1, " in status
    assert not (team.home / "daemons" / "build").exists()
    modes = {path.name: path.stat().st_mode & 0o777 for path in team.machine.files.glob("*.pem")}
    assert modes == dict.fromkeys(("ca.pem", "crl.pem", "cert.pem", "key.pem"), 0o600)
    key = (team.machine.files / "key.pem").read_bytes()
    assert not [path for path in team.home.rglob("*") if path.is_file() and key in path.read_bytes()]
    assert [each["action"] for each in team.lead("log", "--json").data["events"]][-3:] == [
        "daemon enroll",
        "daemon renew",
        "daemon sync",
    ]


def test_a_lost_answer_is_no_lost_enrollment(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    code = team.lead("invite", "--daemon", "build", "--json").data["code"]

    def lost(*_: object) -> bytes:
        raise CertkitError("lost", "Try again.", code="lost")

    with monkeypatch.context() as patch:
        patch.setattr(calls, "news", lost)
        assert team.lead("enroll", code).complaint == (1, "certkit: lost", "Try again.")
    assert team.lead("enroll", code).code == 0
    shutil.rmtree(team.state)
    assert team.lead("enroll", code).complaint[1] == "certkit: the code was used already"
    given = [each for each in team.lead("log", "--json").data["events"] if each["action"] == "daemon enroll"]
    assert len(given) == 1


def test_what_the_lead_changes_reaches_the_host(team: Team) -> None:
    team.enroll()
    team.sync()
    first = listing(team.machine.files)
    assert "makes the next key of build" in team.lead("daemon", "renew", "build", "--san", "10.0.0.9").out
    assert team.sync().code == 0
    second = listing(team.machine.files)
    assert second["key.pem"] != first["key.pem"]
    assert "10.0.0.9" in extensions.hosts(certificates.load(second["cert.pem"]))
    for step in ("prepare", "switch"):  # as a host's service does, it hears of the next authority before that signs
        assert team.lead("rotate", "server", step, "--force").code == 0
        assert team.sync().code == 0
    third = certificates.load((team.machine.files / "cert.pem").read_bytes())
    issuer = certificates.load((team.home / "authorities" / "server-2" / "cert.pem").read_bytes())
    assert certificates.has_signed(issuer, third)
    assert team.lead("rotate", "server", "retire", "--force").code == 0
    team.lead("issue", ALICE, "--out", "a", "--no-passphrase")
    assert "The host of build fetches the new files by itself." in team.lead("revoke", ALICE).out
    restart = ("--restart-command", str(team.machine.restart), "--deadline", "0")
    assert told(team.lead, "daemon", "sync", "--once", *restart)["anchors"] == 2
    assert team.lead("daemon", "check", "build").code == 0


def test_a_restart_that_fails_is_told_on_both_sides_and_tried_again(team: Team) -> None:
    team.enroll()
    command = "echo no such container >&2; exit 4"
    failed = team.sync("--restart-command", command, "--deadline", "0")
    assert failed.complaint == (
        1,
        "certkit: the restart command failed: no such container",
        f"Try it by hand: {command}",
    )
    assert "its host could not restart it" in team.lead("status").out
    assert team.sync().code == 0


def test_without_a_restart_that_works_the_files_are_there_and_nothing_is_proven(team: Team) -> None:
    team.enroll()
    unproven = team.sync("--deadline", "0")
    assert (unproven.code, "there is no command to restart it" in unproven.err) == (3, True)
    assert team.machine.files.joinpath("key.pem").exists()
    assert team.daemon()["behind"] == "not-seen"


def test_a_host_that_was_revoked_is_told_so_and_keeps_what_it_has(team: Team) -> None:
    team.enroll()
    team.sync()
    before = listing(team.machine.files)
    assert "would take away" in team.lead("revoke", "--daemon", "build", "--dry-run").out.lower()
    team.lead("revoke", "--daemon", "build")
    followed = team.lead("daemon", "sync", "--interval", "1")
    code, what, remedy = team.sync().complaint
    assert (followed.code, followed.err.splitlines()) == (1, [what, remedy])
    assert (code, what) == (1, "certkit: this host's right to the files of build was revoked")
    assert "a new code" in remedy
    assert listing(team.machine.files) == before
    assert team.lead("daemon", "renew", "build").code == 0
    assert (team.home / "daemons" / "build" / "key.pem").exists()
    assert team.enroll().code == 0
    assert team.sync().code == 0


@contextmanager
def no_room() -> Iterator[None]:
    """Let this process write to no file, as on a full disk."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def test_a_full_disk_leaves_the_former_files_whole(team: Team) -> None:
    team.enroll()
    team.sync()
    before = listing(team.machine.files)
    team.lead("issue", ALICE, "--out", "a", "--no-passphrase")
    team.lead("revoke", ALICE)
    with no_room():
        code, what, remedy = team.sync().complaint
    assert (code, "cannot be written: File too large" in what, "df -h" in remedy) == (1, True, True)
    assert listing(team.machine.files) == before
    assert team.sync().code == 0
    assert listing(team.machine.files)["ca.pem"] != before["ca.pem"]


def test_a_server_that_is_down_and_one_that_is_older(team: Team) -> None:
    team.enroll()
    shutil.copytree(team.home, team.folder / "older", symlinks=True)
    team.lead("issue", ALICE, "--out", "a", "--no-passphrase")
    team.lead("revoke", ALICE)
    assert team.sync().out == "build holds publication 2, proven\n"
    before = listing(team.machine.files)
    team.server.stop()
    assert team.sync().complaint[1] == f"certkit: {team.server.url} cannot be reached: nobody listens there"
    with serving(team.folder / "older") as older:
        move(team, older.url)
        code, what, remedy = team.sync().complaint
    assert (code, what) == (1, "certkit: the server has publication 1 only, and 2 was here already")
    assert "restored from a backup" in remedy
    assert listing(team.machine.files) == before


def test_another_team_s_server_is_told_nothing(team: Team, tmp_path: Path) -> None:
    team.enroll()
    other = tmp_path / "other"
    team.lead("init", "--team", "other", "--daemon", "tcp://build.other.example:8372", "--home", other)
    with serving(other) as foreign:
        move(team, foreign.url)
        code, what, _ = team.sync().complaint
    assert (code, "the certificate of" in what) == (1, True)
    assert not team.machine.files.exists()


def test_a_clock_that_is_off_takes_no_certificate(team: Team, travel: Callable[[float], None]) -> None:
    team.enroll()
    travel(-30)
    code, what, remedy = team.sync().complaint
    assert (code, "here it is " in what, "date -u" in remedy) == (1, True, True)
    assert not team.machine.files.exists()


def test_both_certificates_are_renewed_in_time(team: Team, travel: Callable[[float], None]) -> None:
    team.enroll()
    team.sync()
    identity = (team.state / "build" / "cert.pem").read_bytes()
    certificate = team.machine.files.joinpath("cert.pem").read_bytes()
    travel(70)
    assert team.sync().code == 0
    assert (team.state / "build" / "cert.pem").read_bytes() != identity
    assert team.machine.files.joinpath("cert.pem").read_bytes() == certificate
    assert {path.name for path in team.state.glob("[!.]*")} == {"build", "build.lock"}


@pytest.mark.parametrize("dies", ["kill -9 $PPID; exit 1", "{restart}; kill -9 $PPID"], ids=["before", "after"])
def test_who_is_killed_at_the_restart_is_finished_by_the_next(team: Team, dies: str) -> None:
    team.enroll()
    command = [sys.executable, "-m", "certkit", "daemon", "sync", "--once", "--deadline", "0"]
    line = dies.format(restart=team.machine.restart)
    killed = subprocess.run([*command, "--restart-command", line], env=os.environ, check=False)
    assert killed.returncode == -9
    assert team.sync().out == "build holds publication 1, proven\n"


def test_a_server_that_goes_down_meanwhile_holds_up_no_restart(team: Team) -> None:
    team.enroll()
    team.sync()
    team.lead("daemon", "renew", "build")
    command = [sys.executable, "-m", "certkit", "daemon", "sync", "--interval", "1", "--deadline", "5"]
    options = ["--restart-command", str(team.machine.restart)]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as host:
        assert host.stdout
        assert "so it is restarted at the deadline" in host.stdout.readline()
        team.server.stop()
        assert host.stdout.readline() == "build holds publication 1, proven\n"
        host.terminate()
    assert team.machine.restarts == 2


def test_what_is_said_where_nothing_is_enrolled_or_too_much(found: Found) -> None:
    team = found(None)
    assert team.sync().complaint[:2] == (1, "certkit: this machine is not enrolled as the host of a daemon")
    missing = team.lead("daemon", "sync", "arm", "--once").complaint
    assert missing[:2] == (1, "certkit: this machine is not enrolled as the host of a daemon arm")
    team.lead("daemon", "add", "arm", "tcp://127.0.0.2:9", "--certs", team.folder / "arm")
    code = team.lead("invite", "--daemon", "arm", "--json").data["code"]
    assert team.lead("enroll", code, "--for", "earthly").complaint[1].startswith("certkit: the code is for the host")
    assert team.lead("enroll", code, "--json").data["daemon"] == "arm"
    team.enroll()
    assert team.lead("daemon", "sync", "--once").complaint == (
        2,
        "certkit: this machine is the host of several daemons",
        "Name one: certkit daemon sync NAME, of arm, build.",
    )
    (team.state / "arm" / "host.json").write_text("{")
    assert team.lead("daemon", "sync", "arm", "--once").complaint[1].endswith("arm is damaged")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["invite", "--daemon", "arm"], "there is no daemon arm"),
        (["invite", ALICE, "--daemon", "build"], "a daemon's host is invited alone, with --ttl and --qr at most"),
        (["invite"], "nobody is named"),
        (["revoke", ALICE, "--daemon", "build"], "a daemon's host is no person"),
        (["daemon", "sync", "--interval", "0"], "--interval: 0.0 is less than 1"),
    ],
)
def test_what_makes_no_sense_is_refused(team: Team, arguments: list[str], what: str) -> None:
    assert team.lead(*arguments).complaint[1] == f"certkit: {what}"


def move(team: Team, url: str) -> None:
    """Let the host know another address of the server."""
    record = team.state / "build" / "host.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"server": url}))
