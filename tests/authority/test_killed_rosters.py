"""Whoever is killed while a roster is applied finishes it by the same command, and nobody is left out or in."""

import csv
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from certkit.authority import invitations, roster, roster_file, undelivered
from certkit.authority.view import View
from certkit.cli import main
from certkit.enroll.bundle import open_bundle
from certkit.pki import sealed
from tests.authority.conftest import URL, change
from tests.authority.test_killed import assert_whole
from tests.killed import at_every_moment
from tests.server.identity import started

PEOPLE = "people: {al: [desk]}"
ROSTER = f"""team: acme
policy: {{bundle_days: 30}}
daemons:
  build: {{url: "{URL}"}}
{PEOPLE}"""


@pytest.fixture
def team(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of a home that has a daemon and a person too many, to begin with again and again."""
    monkeypatch.setattr(sealed, "_LOG_N", 4)  # its quarter of a second is not what is tested here
    assert main(["daemon", "add", "old", "tcp://old.acme.example:8372"]) == 0
    assert main(["issue", "eve", "--device", "desk", "--out", str(tmp_path / "eve"), "--no-passphrase"]) == 0
    return path


def bundles_open(session: View, out: Path) -> None:
    """Everybody has a bundle that opens with its passphrase in the table, and holds their newest certificate."""
    with (out / "bundles.csv").open() as file:
        rows = {row["bundle"]: row for row in csv.DictReader(file)}
    found = [
        open_bundle(each.read_bytes(), partial(str, rows[each.name]["passphrase"])) for each in out.glob("*.certkit")
    ]
    assert sorted(each.person for each in found) == ["al"]
    assert undelivered.serials(session) == []


def codes_are_open(session: View, out: Path) -> None:
    """Everybody has one code, and those in the table are those that can be used."""
    with (out / "codes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["person"] for row in rows) == ["al"]
    assert all(invitations.is_open(session, row["code"]) for row in rows)
    assert len(invitations.open_codes(session)) == len(rows)


def test_a_roster_that_was_half_applied_is_applied_by_the_same_command(team: Path, tmp_path: Path) -> None:
    def is_so(session: View, out: Path) -> None:
        assert [each.name for each in session.ledger.daemons()] == ["build"]
        assert session.settings.bundle_days == 30
        bundles_open(session, out)

    applied_at_every_moment(team, tmp_path, ROSTER, is_so)


def test_no_code_is_lost_with_a_command_that_was_killed(team: Path, tmp_path: Path) -> None:
    started(team)
    applied_at_every_moment(team, tmp_path, f"team: acme\n{PEOPLE}", codes_are_open)


def applied_at_every_moment(team: Path, tmp_path: Path, text: str, is_so: Callable[[View, Path], None]) -> None:
    """Kill the command at every moment, finish it by the same command, and see that all is as the roster says."""
    file, out, start = tmp_path / "roster.yml", tmp_path / "new", tmp_path / "start"
    file.write_text(text)
    shutil.copytree(team, start, symlinks=True)
    command = ["apply", str(file), "--prune", "--yes", "--out", str(out)]
    for _ in at_every_moment(lambda: main(command)):
        assert main(command) == 0
        assert_whole(team)
        with change(team) as session:
            assert roster.plan(session, roster_file.parse(text.encode()), prune=True).changes == ()
            people = [(each.name, bool(each.revoked)) for each in session.ledger.people()]
            assert people == [("al", False), ("eve", True)]
            assert [each.person for each in session.ledger.devices()] == ["al", "eve"]
            is_so(session, out)
        assert [path.name for path in out.glob(".*")] == [".gitignore"]
        shutil.rmtree(out)
        shutil.rmtree(team)
        shutil.copytree(start, team, symlinks=True)
