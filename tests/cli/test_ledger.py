"""`certkit ledger`, and a team whose ledger is in PostgreSQL: its story, and what it is told when that is lost."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from certkit.ledger import copying, file_url
from tests.cli.conftest import ALICE, URL, Lead
from tests.cli.json_forms import told
from tests.homes import everything, ledger_url
from tests.postgres import server as postgres_server
from tests.postgres.server import Server


@pytest.fixture
def own_server(own_environment: Path) -> Iterator[Server]:
    """Run a server that a test may end."""
    if reason := postgres_server.obstacle():
        pytest.skip(reason)
    with postgres_server.running(own_environment / "pg-cli") as running:
        yield running


def test_a_team_lives_in_a_database_from_its_first_day(
    lead: Lead, tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, url = tmp_path / "home", postgres.new_url()
    monkeypatch.setenv("CERTKIT_LEDGER", url.replace("certkit@", "certkit:not-needed@"))
    assert lead("init", "--team", "acme", "--daemon", URL).code == 0
    assert f"\nledger: {url}\n" in (home / "team.yml").read_text()
    assert "not-needed" not in "".join(path.read_text() for path in home.rglob("*") if path.is_file())
    assert not list(home.glob("ledger.sqlite*"))
    monkeypatch.delenv("CERTKIT_LEDGER")
    assert lead("issue", ALICE, "--device", "laptop", "--no-passphrase", "--out", "alice.certkit").code == 0
    assert lead("enroll", "alice.certkit", "--for", "earthly", "--no-probe").code == 0
    assert lead("unenroll").code == 0
    assert lead("daemon", "add", "arm", "tcp://arm.acme.example:8372").code == 0
    assert lead("daemon", "renew", "build").code == 0
    assert lead("revoke", ALICE).code == 0
    assert lead("reinstate", ALICE, "--without-devices").code == 0
    for role in ("server", "client"):
        assert lead("rotate", role, "prepare").code == 0
        assert lead("rotate", role, "switch", "--force").code == 0
    assert [each["state"] for each in lead("list", "--json").data["devices"]] == ["revoked"]
    assert {each["action"] for each in lead("log", "--json").data["events"]} >= {"init", "issue", "revoke"}
    assert lead("status").code == 3
    assert lead("show", ALICE).code == 0


def test_a_backup_of_a_team_in_a_database_is_restored_into_a_file_and_moved_back(
    lead: Lead, home: Path, desk: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "secret").write_text("violet anchor\n")
    (desk / "secret").chmod(0o600)
    moved = postgres.new_url()
    assert lead("ledger", "copy", home / "ledger.sqlite", moved).code == 0
    monkeypatch.setenv("CERTKIT_LEDGER", moved)
    assert lead("issue", ALICE, "--device", "laptop", "--no-passphrase", "--out", "alice.certkit").code == 0
    assert lead("backup", "sealed", "--passphrase-file", "secret").code == 0
    assert lead("backup", "--verify", "sealed", "--passphrase-file", "secret").code == 0
    shutil.rmtree(home)
    restored = lead("restore", "sealed", "--passphrase-file", "secret")
    assert "CERTKIT_LEDGER names another ledger" in restored.err
    monkeypatch.delenv("CERTKIT_LEDGER")
    assert lead("list", "--json").data["devices"][0]["person"] == ALICE
    assert main(["ledger", "copy", str(home / "ledger.sqlite"), postgres.new_url()]) == 0


def test_a_ledger_is_copied_and_compared_in_both_directions(lead: Lead, home: Path, postgres: Server) -> None:
    url = postgres.new_url()
    copied = lead("ledger", "copy", home / "ledger.sqlite", url)
    assert copied.out.startswith("Copied and compared: people 0, devices 0, daemons 1, certificates ")
    assert f"\n  ledger: {url}\n" in copied.out
    found = told(lead, "ledger", "copy", url, "back.sqlite")
    assert {each["table"]: each["rows"] for each in found["tables"]}["events"] == len(
        lead("log", "--json").data["events"]
    )
    assert everything(file_url(Path("back.sqlite"))) == everything(ledger_url(home)) == everything(url)


def test_nothing_is_copied_over_a_ledger_or_a_file(lead: Lead, home: Path, desk: Path, postgres: Server) -> None:
    url = postgres.new_url()
    assert lead("ledger", "copy", home / "ledger.sqlite", url).code == 0
    code, what, remedy = lead("ledger", "copy", home / "ledger.sqlite", url).complaint
    assert (code, what) == (1, f"certkit: {url} holds a team's ledger, and nothing is copied over it")
    assert remedy == "Name an empty database, or an empty schema of one."
    (desk / "file").write_text("mine")
    code, what, remedy = lead("ledger", "copy", url, "file").complaint
    assert (code, what) == (1, f"certkit: {desk}/file exists already and is not overwritten")
    assert (desk / "file").read_text() == "mine"
    assert lead("init", "--team", "other", "--daemon", URL, "--home", "other").code == 0
    assert lead("ledger", "copy", "nothing", postgres.new_url()).complaint[:2] == (
        1,
        f"certkit: {desk}/nothing does not exist",
    )


def test_a_team_is_not_made_over_another_s_ledger(
    lead: Lead, home: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.new_url()
    copying.copy(ledger_url(home), url)
    before = everything(url)
    monkeypatch.setenv("CERTKIT_LEDGER", url)
    code, what, _ = lead("init", "--team", "acme", "--daemon", URL, "--home", "other").complaint
    assert (code, what) == (1, f"certkit: {url} holds a team's ledger, and nothing is copied over it")
    assert everything(url) == before
    assert not Path("other").exists()


def test_a_password_in_a_command_line_is_refused_and_not_repeated(lead: Lead, home: Path) -> None:
    code, what, remedy = lead("ledger", "copy", home / "ledger.sqlite", "postgresql://lead:violet@db/team").complaint
    assert (code, what) == (2, "certkit: a password in a command line can be read by everybody on this machine")
    assert "~/.pgpass" in remedy
    assert "violet" not in what + remedy


@pytest.mark.parametrize("url", ["postgresql://lead:vio@l/et@localhost:1/team", "postgresq://lead:vio@l/et@db/team"])
def test_a_password_in_the_environment_is_never_shown(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CERTKIT_LEDGER", url)
    for command in ("list", "status", "--debug log"):
        ended = lead(*command.split())
        assert ended.code in {1, 2}
        assert "l/et" not in ended.out + ended.err


def test_a_database_that_is_lost_is_told_in_one_line_and_used_when_it_is_back(
    lead: Lead, home: Path, own_server: Server
) -> None:
    url = own_server.new_url()
    copying.copy(ledger_url(home), url)
    os.environ["CERTKIT_LEDGER"] = url
    try:
        own_server.stop()
        for command in ("list", "status", "issue bo --out bo"):
            code, what, remedy = lead(*command.split()).complaint
            assert (code, what.startswith(f"certkit: {url}: the ledger cannot be used: ")) == (1, True)
            assert remedy.startswith("See whether it runs")
        own_server.start()
        assert lead("issue", "bo", "--no-passphrase", "--out", "bo").code == 0
    finally:
        del os.environ["CERTKIT_LEDGER"]


def test_a_database_that_holds_no_ledger_says_how_one_gets_there(
    lead: Lead, home: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.new_url()
    monkeypatch.setenv("CERTKIT_LEDGER", url)
    code, what, remedy = lead("list").complaint
    assert (code, what) == (1, f"certkit: {url} holds no ledger")
    assert "certkit ledger copy --help" in remedy


def test_what_is_written_for_a_url_in_the_settings_is_not_shown(lead: Lead, home: Path) -> None:
    settings = home / "team.yml"
    settings.write_text(settings.read_text() + "ledger: [postgresql://lead:violet@db/team]\n")
    code, what, _ = lead("list").complaint
    assert (code, what) == (1, f"certkit: {settings}: ledger cannot be what it is")
