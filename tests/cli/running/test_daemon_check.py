"""`certkit daemon check`: a daemon that holds the newest anchors proves it, and no other does."""

import re
import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from certkit import files
from certkit.authority import daemon_check
from certkit.cli.support import context
from certkit.pki import certificates
from tests.cli.authorities import SEC1, write
from tests.cli.conftest import Lead
from tests.cli.daemons import Running, running, take_up
from tests.cli.openssl import issue
from tests.daemons.daemon import HOST, free_port
from tests.probe.man_in_the_middle import forging_tls12, forging_tls13
from tests.probe.servers import serving, wait

UNSEEN = "former-anchors"


@pytest.fixture
def revoked(lead: Lead, daemon: Running) -> Running:
    """Return a daemon that does not know of a revocation yet."""
    issue(lead, "al")
    lead("revoke", "al")
    return daemon


def attention(lead: Lead) -> list[str]:
    """Return what `daemon list` and `status` say of the daemons."""
    listed = [each["behind"] for each in lead("daemon", "list", "--json").data["daemons"]]
    items = [each for each in lead("status", "--json").data["items"] if each["kind"] == "daemon"]
    assert [each["attention"] for each in items] == listed
    return listed


def test_it_is_behind_until_the_proof_has_been_seen(lead: Lead, revoked: Running) -> None:
    assert attention(lead) == [UNSEEN]
    ended = lead("daemon", "check", "build")
    assert (ended.code, ended.err) == (3, "")
    assert "it still holds publication 1, out of date since" in ended.out
    assert "Remedy: copy its new files to its host, and restart it" in ended.out
    assert attention(lead) == [UNSEEN]
    assert lead("status").code == 3
    assert "certkit daemon check build" in lead("status").out
    revoked.restart()
    assert attention(lead) == [UNSEEN]
    proven = lead("daemon", "check", "build")
    assert (proven.code, proven.out) == (
        0,
        "build holds its newest files: it serves its newest certificate, and refuses the canary.\n",
    )
    assert attention(lead) == [None]
    assert lead("status").code == 0


def test_a_proof_does_not_outlive_the_next_publication(lead: Lead, revoked: Running) -> None:
    revoked.restart()
    lead("daemon", "check", "build")
    lead("reinstate", "al")
    assert attention(lead) == [UNSEEN]
    assert lead("daemon", "check", "build").code == 3


def test_it_waits_until_the_restart(lead: Lead, revoked: Running) -> None:
    timer = threading.Timer(0.8, revoked.restart)
    timer.start()
    assert lead("daemon", "check", "build", "--wait", "20").code == 0
    timer.join()


def test_as_json_it_is_one_object(lead: Lead, revoked: Running) -> None:
    former = lead("daemon", "check", "build", "--json")
    assert (former.code, former.data["verdict"], former.data["daemon"]["behind"]) == (3, "former", UNSEEN)
    revoked.restart()
    proven = lead("daemon", "check", "build", "--json").data
    assert (proven["verdict"], proven["daemon"]["behind"]) == ("proven", None)
    assert (proven["daemon"]["anchors"], proven["daemon"]["proven"]) == (2, 2)


def test_a_renewed_certificate_is_behind_until_it_is_served(lead: Lead, daemon: Running) -> None:
    lead("daemon", "renew", "build")
    assert attention(lead) == ["former-certificate"]
    ended = lead("daemon", "check", "build")
    assert (ended.code, "it refuses the canary, but serves a former certificate" in ended.out) == (3, True)
    assert attention(lead) == ["former-certificate"]
    daemon.restart()
    lead("daemon", "check", "build")
    assert attention(lead) == [None]


def test_a_canary_that_a_crash_has_lost_is_made_again(lead: Lead, home: Path, revoked: Running) -> None:
    revoked.restart()
    files.remove_directory(home / "canary")
    assert lead("daemon", "check", "build").code == 0
    assert (home / "canary" / "key.pem").stat().st_mode & 0o777 == 0o600


def test_another_teams_daemon_proves_nothing(lead: Lead, home: Path, tmp_path: Path, revoked: Running) -> None:
    lead("init", "--team", "other", "--daemon", revoked.url, "--name", "build", "--home", tmp_path / "other")
    revoked.folder = tmp_path / "other" / "daemons" / "build"
    revoked.restart()
    seen = lead("daemon", "check", "build", "--json")
    assert (seen.code, seen.data["verdict"]) == (3, "not-determined")
    assert attention(lead) == ["not-seen"]


def test_a_daemon_that_trusts_another_authority_proves_nothing(
    lead: Lead, home: Path, tmp_path: Path, revoked: Running
) -> None:
    """It refuses the canary, as it refuses everybody: for another reason."""
    lead("init", "--team", "acme", "--daemon", revoked.url, "--name", "build", "--home", tmp_path / "other")
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for name, source in (("ca.pem", tmp_path / "other"), ("cert.pem", home), ("key.pem", home)):
        (mixed / name).write_bytes((source / "daemons" / "build" / name).read_bytes())
    revoked.folder = mixed
    revoked.restart()
    ended = lead("daemon", "check", "build")
    assert ended.code == 3
    assert "it does not know the newest authority" in ended.out


def test_a_daemon_without_the_newest_authority_is_told_to_be_restarted(lead: Lead, daemon: Running) -> None:
    lead("rotate", "client", "prepare")
    ended = lead("daemon", "check", "build")
    assert (ended.code, "Remedy: copy its new files to its host, and restart it" in ended.out) == (3, True)
    assert lead("rotate", "client", "switch").code == 1


def test_who_is_not_there_or_says_nothing_proves_nothing(lead: Lead, home: Path) -> None:
    url = f"tcp://{HOST}:{free_port(HOST)}"
    lead("init", "--team", "acme", "--daemon", url, "--name", "build")
    ended = lead("daemon", "check", "build", "--timeout", "2")
    assert ended.code == 3
    assert f"nobody answers at {url}" in ended.out
    with serving(wait, HOST) as url:
        lead("daemon", "add", "odd", url)
        assert lead("daemon", "check", "odd", "--timeout", "0.5").code == 3


def test_a_name_that_is_not_there_is_told_with_those_that_are(lead: Lead, daemon: Running) -> None:
    code, what, remedy = lead("daemon", "check", "biuld").complaint
    assert (code, what) == (1, "certkit: there is no daemon biuld")
    assert "There are: build." in remedy


def test_a_daemon_that_is_open_to_everybody_is_told_first(lead: Lead, revoked: Running) -> None:
    revoked.open_to_everybody()
    ended = lead("daemon", "check", "build")
    assert (ended.code, ended.err) == (3, "")
    assert ended.out.startswith("build is not proven to hold its newest files: THE DAEMON IS OPEN TO EVERYBODY")
    assert "close its port now" in ended.out
    assert lead("daemon", "check", "build", "--json").data["verdict"] == "open"


def test_that_a_daemon_was_open_to_everybody_is_told_until_a_check_sees_that_it_is_not(
    lead: Lead, revoked: Running
) -> None:
    lead("daemon", "check", "build")
    revoked.open_to_everybody()
    lead("daemon", "check", "build")
    assert attention(lead) == ["open-to-everybody"]
    for shown in (lead("status"), lead("daemon", "list"), lead("show", "build")):
        assert "OPEN TO EVERYBODY when last checked" in shown.out
    events = len(lead("log", "--json").data["events"])
    lead("daemon", "check", "build")
    assert len(lead("log", "--json").data["events"]) == events
    revoked.restart()
    assert lead("daemon", "check", "build").code == 0
    assert attention(lead) == [None]
    revoked.open_to_everybody()
    lead("daemon", "check", "build")
    lead("daemon", "move", "build", "tcp://elsewhere.acme.example:8372")
    assert attention(lead) == ["not-seen"]


def test_a_daemon_that_trusts_one_more_is_not_proven_and_it_is_named(
    lead: Lead, home: Path, tmp_path: Path, revoked: Running
) -> None:
    lead("init", "--team", "rival", "--daemon", revoked.url, "--name", "build", "--home", tmp_path / "rival")
    shutil.copytree(home / "daemons" / "build", tmp_path / "more")
    with (tmp_path / "more" / "ca.pem").open("ab") as file:
        file.write((tmp_path / "rival" / "daemons" / "build" / "ca.pem").read_bytes())
    revoked.folder = tmp_path / "more"
    revoked.restart()
    ended = lead("daemon", "check", "build")
    assert (ended.code, "it trusts rival client authority and " in ended.out) == (3, True)
    assert lead("daemon", "check", "build", "--json").data["verdict"] == "overtrusting"


def test_a_check_that_fails_takes_the_proof_back_for_every_gate(
    lead: Lead, home: Path, tmp_path: Path, daemon: Running
) -> None:
    """Its host was restored: the daemon has its former files again."""
    shutil.copytree(home / "daemons" / "build", tmp_path / "former")
    newest = daemon.folder
    lead("rotate", "client", "prepare")
    take_up(lead, daemon)
    assert attention(lead) == [None]
    daemon.folder = tmp_path / "former"
    daemon.restart()
    assert lead("daemon", "check", "build").code == 3
    assert attention(lead) != [None]
    assert lead("rotate", "client", "switch").code == 1
    daemon.folder = newest
    take_up(lead, daemon)
    assert lead("rotate", "client", "switch").code == 0


def test_nobody_between_makes_a_former_daemon_seem_to_hold_the_newest(lead: Lead, revoked: Running) -> None:
    """Whoever sits there answers the canary, or everybody, with the daemon's public certificate and an alert."""
    chain = [certificates.to_der(certificates.load((revoked.folder / "cert.pem").read_bytes()))]
    for forging in (forging_tls12, forging_tls13):
        revoked.intercept(forging(chain, 42))
        ended = lead("daemon", "check", "build", "--timeout", "1")
        assert ended.code == 3
        assert "anybody" in ended.out
        assert attention(lead) != [None]


def test_an_authority_with_constraints_of_its_own_is_proven_by_its_control(lead: Lead, home: Path) -> None:
    """The canary and the control both lie within them, so that nothing but the exclusion tells the two apart."""
    maker = replace(SEC1, critical=(*SEC1.critical, x509.NameConstraints([x509.DNSName("certkit.internal")], None)))
    pair = write(Path("old"), maker, maker.make())
    daemon = Running()
    with serving(daemon.answer, HOST) as daemon.url:
        lead("init", "--team", "acme", "--daemon", daemon.url, "--name", "build", "--client-ca", *pair)
        daemon.folder = home / "daemons" / "build"
        daemon.restart()
        assert lead("daemon", "check", "build").code == 0
    controls = [each for each in rows(home) if each == "control"]
    assert len(controls) == 1
    assert not [path for path in home.rglob("*") if path.suffix == ".pem" and b"control" in path.read_bytes()]


def test_with_keys_under_a_passphrase_nothing_is_asked_and_nothing_signed(
    lead: Lead, home: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse battery staple\n")
    secret.chmod(0o600)
    with running(lead, home, "build", "--passphrase-file", secret):
        secret.unlink()
        assert lead("daemon", "check", "build").code == 0


def rows(home: Path) -> list[str]:
    """Return the kinds of all certificates that the ledger knows."""
    with closing(sqlite3.connect(home / "ledger.sqlite")) as ledger:
        return [kind for (kind,) in ledger.execute("SELECT kind FROM certificates")]


def test_a_daemon_is_not_proven_by_its_neighbor_on_the_same_host(lead: Lead, home: Path, revoked: Running) -> None:
    """A certificate names a host, not a port: somebody on the network can lead the check to the other daemon."""
    with running(lead, home, "other") as other:
        revoked.intercept(other.answer)
        ended = lead("daemon", "check", "build")
    assert (ended.code, "it serves the certificate of the daemon other: that one answers here" in ended.out) == (
        3,
        True,
    )
    assert attention(lead)[0] is not None


def test_a_server_whose_clock_is_late_does_not_prove_by_its_refusal(lead: Lead, revoked: Running) -> None:
    """OpenSSL, so HAProxy, refuses what is not yet valid with the same alert as what is excluded."""
    revoked.restart()
    revoked.set_clock(datetime.now(UTC) - timedelta(minutes=30))
    ended = lead("daemon", "check", "build")
    assert (ended.code, "it refuses the canary's like that is not excluded, too" in ended.out) == (3, True)
    assert "alert 42" in ended.out


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a check that waits end as a defect."""
    monkeypatch.setattr(daemon_check, "_PAUSE", -1)


@pytest.mark.usefixtures("impatient")
def test_a_name_that_has_no_address_is_told_at_once(lead: Lead, daemon: Running) -> None:
    lead("daemon", "add", "far", "tcp://nowhere.acme.example:8372")
    ended = lead("daemon", "check", "far", "--wait", "3600")
    assert ended.code == 3
    assert "the name nowhere.acme.example has no address here (" in ended.out
    assert ended.out.endswith("the name server:\n  getent hosts nowhere.acme.example\n")


@pytest.mark.usefixtures("impatient")
def test_a_certificate_that_has_expired_is_told_at_once_with_what_renews_it(
    lead: Lead, daemon: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime.now(UTC) + timedelta(days=366)
    monkeypatch.setattr(context, "now", lambda: later)
    ended = lead("daemon", "check", "build", "--wait", "3600")
    assert ended.code == 3
    assert "the daemon's certificate expired on " in ended.out
    assert "Remedy: certkit daemon renew build gives it a new certificate; copy its new files to its host" in ended.out
    lead("daemon", "renew", "build")
    former = lead("daemon", "check", "build").out
    assert former.endswith("Remedy: copy its new files to its host, and restart it: it reads them only then.\n")
    assert "in this home, expired" not in former
    daemon.restart()
    assert lead("daemon", "check", "build").code == 0


def test_a_certificate_that_ends_soon_is_a_warning(
    lead: Lead, daemon: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lead("daemon", "check", "build", "--fail-on", "warning").code == 0
    later = datetime.now(UTC) + timedelta(days=340)
    monkeypatch.setattr(context, "now", lambda: later)
    ended = lead("daemon", "check", "build")
    assert ended.code == 0
    assert re.search(r"^! build's certificate expires \S+:  certkit daemon renew build$", ended.out, re.MULTILINE)
    assert lead("daemon", "check", "build", "--json").data["warnings"] == ["expires-soon"]
    assert lead("daemon", "check", "build", "--fail-on", "warning").code == 3


def test_all_daemons_are_checked_and_one_that_is_not_proven_is_enough(lead: Lead, home: Path, daemon: Running) -> None:
    assert lead("daemon", "check", "--all").code == 0
    with running(lead, home, "arm"):
        assert len(lead("daemon", "check", "--all").out.splitlines()) == 2
    ended = lead("daemon", "check", "--all", "--wait", "0.1")
    assert (ended.code, ended.out.count("is not proven"), ended.out.count("build holds")) == (3, 1, 1)
    assert lead("daemon", "check").complaint[:2] == (2, "certkit: no daemon is named")
    assert lead("daemon", "check", "build", "--all").complaint[0] == 2
