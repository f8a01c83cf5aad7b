"""A whole team: enrolled, renewed twice, two revoked, one authority rotated, on daemons of three flavours that build.

Nobody is locked out who should get in, and nobody gets in who should not. CERTKIT_TEAM_LAPTOPS sets how many laptops.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests import team as teams
from tests.daemons.build import FLAVOURS
from tests.daemons.daemon import Start
from tests.server.whole_team import Crew, Laptop, found
from tests.team import Files
from tests.trust.people import SERVED

LAPTOPS = int(os.environ.get("CERTKIT_TEAM_LAPTOPS", "6"))
FOUNDED, ENROLLED, EARLY, FIRST, ROTATED, SECOND = -171, -170, -90, -49, -9, -8
"""Days of the story: a certificate lives 180 days from the second on, and 60 from the fourth on."""
BAD_CERTIFICATE, UNKNOWN_CA = 42, 48


@pytest.fixture
def crew(tmp_path: Path, daemon_factory: Start) -> Crew:
    """Found the team."""
    shim = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if not shim:
        pytest.skip("libfaketime is not installed: apt-get install libfaketime")
    return found(tmp_path, daemon_factory, shim, FOUNDED)


def set_life(crew: Crew, days: int) -> None:
    """Let certificates live so long from now on."""
    settings, lines = crew.home / "team.yml", (crew.home / "team.yml").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("device_days")]
    settings.write_text("\n".join([*kept, f"device_days: {days}", ""]))


def enroll(crew: Crew) -> list[Laptop]:
    """Invite everybody at once, and let each use their code."""
    people = [f"person{number}" for number in range(LAPTOPS)]
    (crew.folder / "people.csv").write_text("".join(f"{each},laptop,earthly\n" for each in people))
    invited = crew.told("invite", "--from", crew.folder / "people.csv")["invited"]
    laptops = []
    for number, made in enumerate(invited):
        laptop = Laptop(made["person"], FLAVOURS[number % len(FLAVOURS)], crew.folder / "laptops" / made["person"])
        (laptop.home / ".earthly").mkdir(parents=True)
        laptops.append(laptop)
        options = ("--daemon", laptop.flavour, "--no-timer", "--no-probe")
        ended = crew.run(laptop, "enroll", made["code"], *options)
        assert ended.returncode == 0, ended.stderr
    return laptops


def keep(crew: Crew, name: str, files: Files) -> Files:
    """Keep a copy of somebody's files, for later."""
    shutil.copytree(files.cert.parent, crew.folder / name)
    return Files.of(crew.folder / name)


class Story:
    """The team's life; `holders` are the files of whoever may try to get in, `refused` what some of them are told."""

    def __init__(self, crew: Crew, laptops: list[Laptop]) -> None:
        self.crew = crew
        self.builders, self.others, self.gone = laptops[:3], laptops[3:-2], laptops[-2:]
        self.holders = {each.person: each.files for each in laptops}
        self.refused: dict[str, set[int | str]] = {}

    def check(self) -> None:
        """Everybody who should get in does, at every daemon, and nobody else."""
        assert self.crew.answers(self.holders) == {who: {SERVED} for who in self.holders} | self.refused

    def renew(self, laptops: list[Laptop]) -> None:
        """Let the timers of these run while others build, then those of the builders, between two builds."""
        with self.crew.building(self.builders):
            self.crew.run_all(laptops, "renew", "--if-needed")
            self.check()
        self.crew.run_all(self.builders, "renew", "--if-needed")
        self.check()

    def restart_daemons(self) -> None:
        """Let the daemons take up what was published; then builds go on."""
        self.crew.restart_daemons()
        with self.crew.building(self.builders):
            self.check()

    def assert_gone_stay_out(self) -> None:
        """The server renews nothing for whoever was revoked."""
        said = self.crew.run_all(self.gone, "renew", code=1)
        assert all("has been revoked" in each for each in said)

    def assert_nothing_is_due(self) -> None:
        """Every device that may build has renewed in time."""
        assert not [each for each in self.crew.told("list")["devices"] if each["attention"]]


def test_nobody_is_locked_out_and_nobody_is_in_who_should_not_be(crew: Crew) -> None:
    set_life(crew, 180)
    crew.day = ENROLLED
    with crew.serving():
        story = Story(crew, enroll(crew))
    story.holders["stranger"] = teams.found(crew.folder / "other").device
    story.refused["stranger"] = {UNKNOWN_CA}
    story.check()

    crew.day = EARLY
    with crew.serving():
        assert all("no renewal is needed" in each for each in crew.run_all(story.builders, "renew", "--if-needed"))

    set_life(crew, 60)
    crew.day = FIRST
    story.holders["former"] = keep(crew, "former", story.builders[0].files)
    with crew.serving():
        story.renew([*story.others, *story.gone])
        story.assert_nothing_is_due()
        for each in story.gone:
            crew.lead("revoke", each.person)
            story.refused[each.person] = {BAD_CERTIFICATE}
        story.assert_gone_stay_out()
        story.restart_daemons()

    crew.day = ROTATED
    crew.lead("rotate", "client", "prepare")
    story.restart_daemons()
    crew.lead("rotate", "client", "switch")
    assert "would lock out" in crew.lead("rotate", "client", "retire", code=1)
    crew.day = SECOND
    with crew.serving():
        story.renew(story.others)
        crew.lead("rotate", "client", "retire")
        for who in ("former", *(each.person for each in story.gone)):
            story.refused[who] = {UNKNOWN_CA}
        story.restart_daemons()
        story.assert_gone_stay_out()
    story.assert_nothing_is_due()
