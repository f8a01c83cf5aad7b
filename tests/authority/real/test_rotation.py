"""Whole rotations with twenty laptops and builds going on, and with a rollback at any step.

At no step is anybody refused who should get in, nor anybody let in who should not.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests import team as teams
from tests.authority.real.fleet import BAD_CERTIFICATE, UNKNOWN_CA, Capture, Fleet, found
from tests.daemons.daemon import Start
from tests.team import Files
from tests.trust.people import SERVED

LAPTOPS = [f"person{n} laptop" for n in range(20)]
BUILDERS, OTHERS = LAPTOPS[:2], LAPTOPS[2:]
EARLY, ASKED, LATE, GONE = "early laptop", "asked laptop", "late laptop", "gone laptop"
DAEMON = "daemon build"


class Story:
    """A fleet in which somebody is revoked, while one of its authorities is rotated."""

    def __init__(self, fleet: Fleet, capture: Capture, role: str) -> None:
        self.fleet, self.capture, self.role = fleet, capture, role
        fleet.enroll(fleet.issue(*LAPTOPS, GONE))
        assert fleet.lead("revoke", "gone") == 0
        self.refused = {GONE: BAD_CERTIFICATE, "stranger": UNKNOWN_CA}
        stranger = teams.found(fleet.folder / "other").device
        for name, files in {GONE: fleet.holders[GONE], "stranger": stranger}.items():
            self.keep(name, files)
        self.restart()

    def keep(self, name: str, files: Files) -> None:
        """Keep a pair for somebody who knows whom to believe: nothing but the daemon can keep them out."""
        folder = self.fleet.folder / name
        shutil.copytree(files.cert.parent, folder)
        self.fleet.holders[name] = Files(self.fleet.holders[LAPTOPS[0]].ca, folder / "cert.pem", folder / "key.pem")

    def check(self) -> None:
        """Everybody who should get in does, and nobody else."""
        assert self.fleet.answers() == dict.fromkeys(self.fleet.holders, SERVED) | self.refused

    def step(self, *steps: str) -> None:
        """Take steps while builds go on: to a running daemon they make no difference."""
        for step in steps:
            with self.fleet.building(BUILDERS):
                assert self.fleet.lead("rotate", self.role, step) == 0, step
                self.check()

    def restart(self) -> None:
        """Let the daemon take up what was published, and see that it has; then builds go on."""
        self.fleet.daemon.restart()
        with self.fleet.building(BUILDERS):
            self.check()
            assert self.fleet.is_proven()

    def enroll(self, bundles: dict[str, Path]) -> None:
        """Let laptops take up what they were sent; those that build do so between two builds."""
        self.fleet.enroll({who: bundle for who, bundle in bundles.items() if who in BUILDERS})
        with self.fleet.building(BUILDERS):
            self.fleet.enroll({who: bundle for who, bundle in bundles.items() if who not in BUILDERS})
            self.check()

    def locked_out(self, step: str) -> set[str]:
        """Return whom a step would lock out, for which it is refused."""
        assert self.fleet.lead("rotate", self.role, step) == 1
        assert f"to {step} now would lock out" in self.capture.readouterr().err
        assert self.fleet.lead("rotate", self.role, "--json") == 0
        steps = json.loads(self.capture.readouterr().out)["steps"]
        members = next(each["would_lock_out"] for each in steps if each["step"] == step)
        return {
            f"daemon {each['daemon']}" if each["daemon"] else f"{each['person']} {each['device']}" for each in members
        }


@pytest.fixture
def fleet(tmp_path: Path, daemon_factory: Start, flavour: str) -> Fleet:
    """Found a team."""
    return found(tmp_path, daemon_factory, flavour)


def test_the_client_authority_forward_and_back(fleet: Fleet, capsys: Capture) -> None:
    story = Story(fleet, capsys, "client")
    early, request = fleet.issue(EARLY), fleet.request(ASKED)
    story.step("prepare")
    assert story.locked_out("switch") == {DAEMON}
    story.restart()
    story.step("rollback")
    story.restart()
    story.step("prepare")
    story.restart()

    story.step("switch")
    story.enroll(early)
    story.enroll(fleet.sign(ASKED, request))
    late = fleet.issue(LATE)
    story.enroll(fleet.issue(*LAPTOPS[:10]))
    assert story.locked_out("retire") == {*LAPTOPS[10:], EARLY}
    story.step("rollback")
    assert story.locked_out("rollback") == {*LAPTOPS[:10], ASKED, LATE}
    story.step("switch")
    story.keep("stale", fleet.holders[EARLY])
    story.enroll(fleet.issue(*LAPTOPS[10:], EARLY))

    assert fleet.lead("revoke", "person19") == 0
    story.refused[LAPTOPS[19]] = BAD_CERTIFICATE
    story.restart()
    story.step("retire")
    story.enroll(late)
    story.refused |= {GONE: UNKNOWN_CA, "stale": UNKNOWN_CA}
    story.restart()
    story.step("rollback")
    story.refused[GONE] = BAD_CERTIFICATE
    del story.refused["stale"]
    story.restart()
    story.step("retire")
    story.refused |= {GONE: UNKNOWN_CA, "stale": UNKNOWN_CA}
    story.restart()
    assert fleet.served_by_buildctl() == set(fleet.holders).difference(story.refused)


def test_the_server_authority_forward_and_back(fleet: Fleet, capsys: Capture) -> None:
    story = Story(fleet, capsys, "server")
    early, request = fleet.issue(EARLY), fleet.request(ASKED)
    story.step("prepare")
    assert story.locked_out("switch") == {*LAPTOPS, EARLY}
    story.enroll(fleet.issue(*LAPTOPS[:10]))
    assert story.locked_out("switch") == {*LAPTOPS[10:], EARLY}
    story.step("rollback", "prepare")
    story.enroll(early)
    assert story.locked_out("switch") == {*LAPTOPS, EARLY}
    story.enroll(fleet.sign(ASKED, request))
    story.enroll(fleet.issue(*LAPTOPS, EARLY))
    late = fleet.issue(LATE)

    story.step("switch")
    story.restart()
    story.step("rollback")
    story.restart()
    story.step("switch")
    assert story.locked_out("retire") == {DAEMON}
    story.restart()
    story.step("retire")
    story.enroll(late)
    story.enroll(fleet.issue("newest laptop"))
    story.step("rollback")
    assert story.locked_out("rollback") == {"newest laptop"}
    story.restart()
    story.step("retire")
    story.restart()
    assert fleet.served_by_buildctl() == set(fleet.holders).difference(story.refused)
