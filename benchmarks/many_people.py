"""What a lead's commands cost with 100,000 people: python -m benchmarks.many_people (minutes; a quiet machine)."""

import sys
import tempfile
from pathlib import Path

from benchmarks import crowd
from benchmarks.measure import CERTKIT, Command, at, costs, quietly, say_row
from tests import team as teams
from tests.team import Team

STAYING, LEAVERS = 90_000, 10_000
RUNS = 5
_HEAD = "import subprocess, sys; made = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE); "
_SCREEN = _HEAD + "[made.stdout.readline() for _ in range(40)]; made.kill()"
"""Runs a command until it has shown what fits a screen."""


def reading(team: Team) -> None:
    """Time what only reads."""
    someone = "staying4711@acme.example"
    for words in (["show", someone], ["log", "--last", "40"], ["log", someone]):
        _say(words, at(team, CERTKIT, *words))
    _say(["status"], at(team, CERTKIT, "status", code=3))  # the daemon was never seen
    for words in (["list"], ["log"]):
        _say([*words, "(a screen)"], at(team, sys.executable, "-c", _SCREEN, CERTKIT, *words))
        _say(words, at(team, CERTKIT, *words), most=5000)


def changing(team: Team) -> None:
    """Time what changes who may build."""
    _say(["revoke"], at(team, CERTKIT, "revoke", "staying{run}@acme.example"), most=2000)
    issue = at(team, CERTKIT, "issue", "newcomer{run}", "--no-passphrase", "--out", f"{team.folder}/{{run}}.certkit")
    _say(["issue"], issue, most=1000)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        with quietly():
            team = teams.found(Path(scratch))
            crowd.fill(team, STAYING, LEAVERS)
        say_row("the ledger", (team.home / "ledger.sqlite").stat().st_size / 1e6, "MB", 200)
        reading(team)
        changing(team)


def _say(words: list[str], command: Command, most: float = 500) -> None:
    took = costs(RUNS, it=command)["it"]
    what = f"certkit {' '.join(words)}"
    say_row(what, took.ms, "ms", most)
    say_row("  of the processor", took.processor_ms, "ms", most)
    say_row("  peak memory", took.megabytes, "MB", 150)


if __name__ == "__main__":
    main()
