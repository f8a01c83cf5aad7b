"""Whoever is revoked is refused by the real daemon, and nobody else; whoever is reinstated is served again."""

import threading
import time
from pathlib import Path

import pytest

from certkit.cli import main
from tests.authority.real.fleet import BAD_CERTIFICATE, Capture, Fleet, found
from tests.daemons.daemon import Start
from tests.trust.people import SERVED

LOOKALIKES = ["pal.team laptop", "al-team laptop", "al_team laptop", "ál.team laptop", "al laptop", "team al"]
AL = ["al.team laptop", "al.team desk"]


@pytest.fixture
def fleet(tmp_path: Path, daemon_factory: Start, flavour: str) -> Fleet:
    """Found a team of people whose names are alike."""
    fleet = found(tmp_path, daemon_factory, flavour)
    fleet.enroll(fleet.issue(*AL, *LOOKALIKES))
    return fleet


def expect_out(fleet: Fleet, *out: str) -> None:
    """The daemon refuses these and serves all others, whatever client they use."""
    everybody = dict.fromkeys(fleet.holders, SERVED)
    assert fleet.answers() == everybody | dict.fromkeys(out, BAD_CERTIFICATE)
    assert fleet.served_by_buildctl() == set(everybody).difference(out)


def test_a_person_is_out_with_every_device_after_the_restart_and_in_again_when_reinstated(
    fleet: Fleet, capsys: Capture
) -> None:
    expect_out(fleet)
    assert fleet.is_proven()

    assert fleet.lead("revoke", "al.team", "--reason", "affiliationChanged") == 0
    expect_out(fleet)
    assert fleet.lead("daemon", "check", "build") == 3
    assert "it still holds publication 1, out of date since" in capsys.readouterr().out
    assert fleet.lead("issue", "al.team", "--no-passphrase", "--out", fleet.folder / "new.certkit") == 1

    fleet.daemon.restart()
    expect_out(fleet, *AL)
    assert fleet.is_proven()

    assert fleet.lead("reinstate", "al.team") == 0
    fleet.daemon.restart()
    expect_out(fleet)
    assert fleet.is_proven()


def test_the_probe_of_somebody_revoked_says_so_and_whom_to_ask(fleet: Fleet, capsys: Capture) -> None:
    assert fleet.lead("revoke", "al.team") == 0
    fleet.daemon.restart()
    code, checks = fleet.probe("al.team desk", capsys)
    assert code == 3
    finding = checks["certificate-refused"]
    assert finding["seen"] == "the daemon refused this certificate (alert 42, bad_certificate)"
    assert "It has most likely been revoked." in finding["meaning"]
    assert finding["remedy"] == "ask whoever runs certkit for your team; they see it with\n  certkit show al.team"
    for bystander in LOOKALIKES:
        assert fleet.probe(bystander, capsys)[0] == 0


def test_a_device_is_out_through_its_renewals_and_stays_out_when_its_owner_is_reinstated(fleet: Fleet) -> None:
    in_flight = fleet.issue("al.team laptop")
    assert fleet.lead("revoke", "al.team", "--device", "laptop", "--reason", "keyCompromise") == 0
    fleet.daemon.restart()
    expect_out(fleet, "al.team laptop")
    fleet.enroll(in_flight)
    expect_out(fleet, "al.team laptop")

    assert fleet.lead("revoke", "al.team") == 0
    fleet.daemon.restart()
    expect_out(fleet, *AL)
    assert fleet.lead("reinstate", "al.team") == 0
    fleet.daemon.restart()
    expect_out(fleet, "al.team laptop")
    assert fleet.lead("reinstate", "al.team", "--device", "laptop") == 0
    fleet.daemon.restart()
    expect_out(fleet)


def test_a_check_waits_for_the_restart(fleet: Fleet) -> None:
    assert fleet.lead("revoke", "al.team") == 0
    started = time.monotonic()
    assert fleet.lead("daemon", "check", "build", "--wait", "0.6") == 3
    assert time.monotonic() - started > 0.6
    restarting = threading.Timer(0.6, fleet.daemon.restart)
    restarting.start()
    assert fleet.lead("daemon", "check", "build", "--wait", "20") == 0
    restarting.join()


def test_the_leads_own_probe_shows_the_canary_and_nobody_elses_does(fleet: Fleet, capsys: Capture) -> None:
    who = "pal.team laptop"
    assert fleet.probe(who, capsys)[1]["enforcement"]["seen"] == "refuses strangers: no certificate, impostor"
    code, checks = fleet.probe(who, capsys, as_lead=True)
    assert code == 0
    assert checks["enforcement"]["seen"] == "refuses strangers: no certificate, impostor, canary"

    assert fleet.lead("revoke", "al.team") == 0
    assert fleet.probe(who, capsys)[0] == 0
    code, checks = fleet.probe(who, capsys, as_lead=True)
    assert (code, "anchors-not-newest" in checks) == (3, True)
    assert "the daemon does not list" in checks["anchors-not-newest"]["seen"]

    fleet.rotate("client", "prepare")
    code, checks = fleet.probe(who, capsys, as_lead=True)
    assert code == 3
    assert "acme client authority 2" in checks["anchors-not-newest"]["seen"]
    assert "alert 48, unknown_ca" in checks["canary-unproven"]["seen"]

    fleet.daemon.restart()
    assert fleet.probe(who, capsys, as_lead=True)[0] == 0


def test_a_home_that_has_no_daemon_at_that_url_lends_no_canary(fleet: Fleet, tmp_path: Path, capsys: Capture) -> None:
    other = found(tmp_path / "other", lambda *_, **__: fleet.daemon, "earthly")
    with fleet.at("pal.team laptop"):
        probe = ["probe", "--for", "earthly", "--daemon", fleet.daemon.url, "--home", str(other.home), "--json"]
        capsys.readouterr()
        assert main(probe) == 0
    assert "canary" not in capsys.readouterr().out
