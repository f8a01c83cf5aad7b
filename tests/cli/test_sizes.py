"""How large what a team publishes and keeps has grown: status shows it, and says in time when a limit comes near."""

from pathlib import Path

import pytest

from certkit.authority import sizes
from certkit.cli.actions import status
from tests.cli.conftest import ALICE, Lead

pytestmark = pytest.mark.usefixtures("home")


def told(lead: Lead) -> list[tuple[str, str, str]]:
    """Return of what status tells that a limit is near, and what to do."""
    items = lead("status", "--json").data["items"]
    return [(i["kind"], i["name"], i["remedy"]) for i in items if (i["attention"] or "").startswith("nears-")]


def test_the_sizes_are_what_the_files_have(lead: Lead, home: Path) -> None:
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    before = lead("status", "--json").data["sizes"]
    lead("revoke", ALICE)
    after = lead("status", "--json").data["sizes"]
    folder = home / "daemons" / "build"
    assert (after["anchors"], after["crl"]) == tuple(len((folder / f).read_bytes()) for f in ("ca.pem", "crl.pem"))
    assert after["excluded"] == before["excluded"] + 1
    assert after["ledger"] == before["ledger"] == pytest.approx((home / "ledger.sqlite").stat().st_size, rel=1)


def test_a_small_team_is_told_no_sizes(lead: Lead) -> None:
    assert told(lead) == []
    assert "kB" not in lead("status").out


def test_a_large_team_is_told_them_in_a_line(lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "_LARGE", 1)
    names, size = (lead("status", "--json").data["sizes"][each] for each in ("excluded", "anchors"))
    assert f"ca.pem excludes {names} names in {size >> 10} kB, crl.pem has " in lead("status").out


def test_a_daemon_whose_files_outgrow_a_secret_is_told_so_if_they_are_in_one(
    lead: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "SECRET", 12 * 1024)
    assert told(lead) == []
    lead("daemon", "deploy", "build", "--as", "kubernetes")
    assert told(lead) == []  # that it is not seen yet comes first
    [(_, _, remedy)] = [each for each in _seen(lead, monkeypatch) if each[1] == "build"]
    assert remedy == "certkit rotate client"
    assert "too large for a Kubernetes Secret (1 MiB)" in " ".join(lead("status").out.split())


def _seen(lead: Lead, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Look as if the daemon had been seen to hold everything."""
    monkeypatch.setattr("certkit.authority.daemons.behind", lambda _view, _daemon: None)
    return told(lead)


def test_a_home_that_outgrows_its_backup_is_told_so_before_it_is_refused(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("correct horse battery staple\n")
    measured = lead("status", "--json").data["sizes"]["ledger"]
    monkeypatch.setattr(sizes, "BACKUP", measured * 4 // 3)
    assert told(lead) == [("home", str(home), f"cp -a {home} {home}-copy")]
    severities = {i["attention"]: i["severity"] for i in lead("status", "--json").data["items"]}
    assert severities["nears-backup-limit"] == "warning"
    monkeypatch.setattr(sizes, "BACKUP", measured - 1)
    refused = lead("backup", "b", "--passphrase-file", secret)
    assert refused.complaint[0] == 1
    assert refused.complaint[1].startswith("certkit: the ledger is larger than ")
    assert f"Copy {home} as a whole" in refused.complaint[2]
    assert not Path("b").exists()
