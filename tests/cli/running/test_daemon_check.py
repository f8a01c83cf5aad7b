"""`certkit daemon check`: a daemon that holds the newest anchors proves it, and no other does."""

import threading
from pathlib import Path

import pytest

from certkit import files
from tests.cli.conftest import Lead
from tests.cli.daemons import Running
from tests.cli.openssl import issue
from tests.daemons.daemon import HOST, free_port
from tests.probe.servers import serving

UNSEEN = "not seen to hold the newest anchors"


@pytest.fixture
def revoked(lead: Lead, daemon: Running) -> Running:
    """Give a daemon that does not know of a revocation yet."""
    issue(lead, "al")
    lead("revoke", "al")
    return daemon


def attention(lead: Lead) -> list[str]:
    """Give what `daemon list` and `status` say of the daemons."""
    listed = [each["behind"] for each in lead("daemon", "list", "--json").data["daemons"]]
    items = [each for each in lead("status", "--json").data["items"] if each["kind"] == "daemon"]
    assert [each["attention"] for each in items] == listed
    return listed


def test_it_is_behind_until_the_proof_has_been_seen(lead: Lead, revoked: Running) -> None:
    assert attention(lead) == [UNSEEN]
    ended = lead("daemon", "check", "build")
    assert (ended.code, ended.err) == (3, "")
    assert "it lets the canary in" in ended.out
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
    assert attention(lead) == [""]
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
    assert (proven["verdict"], proven["daemon"]["behind"]) == ("proven", "")
    assert (proven["daemon"]["anchors"], proven["daemon"]["proven"]) == (2, 2)


def test_a_renewed_certificate_is_behind_until_it_is_served(lead: Lead, daemon: Running) -> None:
    lead("daemon", "renew", "build")
    assert attention(lead) == ["not seen to serve its newest certificate"]
    ended = lead("daemon", "check", "build")
    assert (ended.code, "it refuses the canary, but serves a former certificate" in ended.out) == (3, True)
    assert attention(lead) == ["not seen to serve its newest certificate"]
    daemon.restart()
    lead("daemon", "check", "build")
    assert attention(lead) == [""]


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
    assert (seen.code, seen.data["verdict"]) == (3, "unclear")
    assert attention(lead) == [UNSEEN]


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
    with serving(lambda caller: [caller.recv(1)].clear(), HOST) as url:
        lead("daemon", "add", "odd", url)
        assert lead("daemon", "check", "odd", "--timeout", "0.5").code == 3


def test_a_name_that_is_not_there_is_told_with_those_that_are(lead: Lead, daemon: Running) -> None:
    code, what, remedy = lead("daemon", "check", "biuld").complaint
    assert (code, what) == (1, "certkit: there is no daemon biuld")
    assert "There are: build." in remedy
