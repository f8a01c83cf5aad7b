"""An authority whose key has leaked is trusted no more, at once; who must enroll again is named, and then builds."""

import json
from pathlib import Path

import pytest

from tests.authority.real.fleet import UNKNOWN_CA, Capture, Fleet, found
from tests.daemons.daemon import Start
from tests.trust.people import SERVED

MOVED, BEHIND = "al laptop", "bo laptop"
UNVERIFIED = "CERTIFICATE_VERIFY_FAILED"


@pytest.fixture
def fleet(tmp_path: Path, daemon_factory: Start, flavour: str) -> Fleet:
    """Found a team of two."""
    fleet = found(tmp_path, daemon_factory, flavour)
    fleet.enroll(fleet.issue(MOVED, BEHIND))
    return fleet


def must_enroll_again(fleet: Fleet, role: str, capture: Capture) -> list[str]:
    """Take the short way; give who is named. The daemon takes up what was published."""
    capture.readouterr()
    assert fleet.lead("rotate", role, "--compromised", "--json") == 0
    named = json.loads(capture.readouterr().out)["must_enroll_again"]
    fleet.daemon.restart()
    assert fleet.is_proven()
    return [f"{each['person']} {each['device']}" for each in named]


def test_all_are_out_until_they_have_enrolled_with_the_next_client_authority(fleet: Fleet, capsys: Capture) -> None:
    assert must_enroll_again(fleet, "client", capsys) == [MOVED, BEHIND]
    assert fleet.answers() == {MOVED: UNKNOWN_CA, BEHIND: UNKNOWN_CA}
    fleet.enroll(fleet.issue(MOVED))
    assert fleet.answers() == {MOVED: SERVED, BEHIND: UNKNOWN_CA}


def test_whoever_has_changed_over_before_the_leak_stays_in(fleet: Fleet, capsys: Capture) -> None:
    fleet.rotate("client", "prepare")
    fleet.daemon.restart()
    assert fleet.is_proven()
    fleet.rotate("client", "switch")
    fleet.enroll(fleet.issue(MOVED))
    assert must_enroll_again(fleet, "client", capsys) == [BEHIND]
    assert fleet.answers() == {MOVED: SERVED, BEHIND: UNKNOWN_CA}


def test_nobody_speaks_with_a_daemon_of_the_next_server_authority_before_enrolling_again(
    fleet: Fleet, capsys: Capture
) -> None:
    assert must_enroll_again(fleet, "server", capsys) == [MOVED, BEHIND]
    assert fleet.answers() == {MOVED: UNVERIFIED, BEHIND: UNVERIFIED}
    fleet.enroll(fleet.issue(MOVED))
    assert fleet.answers() == {MOVED: SERVED, BEHIND: UNVERIFIED}


def test_whoever_still_believes_the_leaked_server_authority_must_enroll_again_though_they_can_build(
    fleet: Fleet, capsys: Capture
) -> None:
    fleet.rotate("server", "prepare")
    fleet.enroll(fleet.issue(MOVED))
    assert must_enroll_again(fleet, "server", capsys) == [MOVED, BEHIND]
    assert fleet.answers() == {MOVED: SERVED, BEHIND: UNVERIFIED}
    fleet.enroll(fleet.issue(MOVED, BEHIND))
    assert fleet.answers() == {MOVED: SERVED, BEHIND: SERVED}
    assert fleet.holders[MOVED].ca.read_text().count("BEGIN CERTIFICATE") == 1
