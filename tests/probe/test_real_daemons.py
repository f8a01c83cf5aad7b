"""Real daemons of every flavour, as their operators may start them."""

import time

import pytest

from certkit.cli.support.remedies import of_finding
from certkit.probe import Report
from tests.daemons.daemon import Daemon, Start
from tests.daemons.loopback import needs_ipv6, needs_second_address
from tests.probe.pki import Pki, ids, probe, stage
from tests.team import Files


def _seen(report: Report, title: str) -> str:
    return next(check.seen for check in report.checks if check.title == title)


def test_all_is_well_with_a_daemon_of_every_flavour(
    daemon_factory: Start, flavour: str, pki: Pki, alice: Files
) -> None:
    daemon = daemon_factory(flavour, **pki.daemon_files().as_arguments())
    report = probe(daemon.url, alice)
    assert ids(report) == []
    assert [check.title for check in report.checks] == [
        "configuration", "files", "network", "TLS", "BuildKit", "enforcement",
    ]  # fmt: skip
    assert report.ok
    assert _seen(report, "enforcement") == "refuses strangers: no certificate, impostor"
    assert "linux/amd64" in _seen(report, "BuildKit") or "linux/arm64" in _seen(report, "BuildKit")


def test_the_way_of_alpn_is_said_and_not_required(daemon_factory: Start, flavour: str, pki: Pki, alice: Files) -> None:
    daemon = daemon_factory(flavour, **pki.daemon_files().as_arguments())
    seen = _seen(probe(daemon.url, alice), "TLS")
    assert ("ALPN h2" if flavour == "upstream" else "no ALPN") in seen
    assert "accepts acme client authority" in seen


def test_a_fork_is_told_from_upstream_by_what_only_it_says(
    daemon_factory: Start, flavour: str, pki: Pki, alice: Files
) -> None:
    daemon = daemon_factory(flavour, **pki.daemon_files().as_arguments())
    time.sleep(0.7)  # it counts the idle seconds, rounded, and says nothing of none
    assert ("(moby)" in _seen(probe(daemon.url, alice), "BuildKit")) == (flavour == "upstream")


def test_a_daemon_that_asks_for_no_certificate_is_the_gravest_finding(
    daemon_factory: Start, flavour: str, pki: Pki, alice: Files
) -> None:
    files = pki.daemon_files()
    daemon = daemon_factory(flavour, cert=files.cert, key=files.key)
    report = probe(daemon.url, alice)
    assert ids(report) == ["anyone-let-in"]
    finding = report.findings[0]
    assert finding.meaning.startswith("THE DAEMON IS OPEN TO EVERYBODY.")
    assert "--tlscacert" in of_finding(finding)


def test_a_plaintext_daemon_is_found_out(daemon_factory: Start, flavour: str, alice: Files) -> None:
    report = probe(daemon_factory(flavour).url, alice)
    assert ids(report) == ["plaintext-daemon"]
    assert stage(report, "BuildKit") == "skipped"
    assert not report.ok


@needs_ipv6
def test_a_daemon_is_reached_by_ipv6(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    daemon = daemon_factory("earthly", host="::1", **pki.daemon_files().as_arguments())
    report = probe(daemon.url, alice)
    assert ids(report) == []
    assert "[::1]" in _seen(report, "network")


@needs_second_address
def test_every_address_of_a_name_is_tried_and_told(standing: Daemon, alice: Files) -> None:
    report = probe(f"tcp://localhost:{standing.port}", alice)  # the daemon is on neither of its addresses
    assert ids(report) == ["nobody-listening"]
    assert "127.0.0.1" in report.findings[0].seen


@pytest.mark.parametrize("stage_title", ["files", "network", "TLS", "BuildKit", "enforcement"])
def test_every_stage_says_how_long_it_took(standing: Daemon, alice: Files, stage_title: str) -> None:
    report = probe(standing.url, alice)
    took = {check.title: check.ms for check in report.checks}
    assert (took[stage_title] or 0) > 0
