"""Whole processes, timed in turns so that a busy machine slows all contenders alike."""

import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.team import Team

CERTKIT = Path(sys.executable).with_name("certkit")

_RUN = """
import json, os, subprocess, sys, time
begun = time.perf_counter()
made = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(made.pid, 0)
ms = (time.perf_counter() - begun) * 1000
print(json.dumps((os.waitstatus_to_exitcode(status), ms, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss)))
"""
"""Runs a command from a small process: the peak memory of a child is never less than what its parent has."""


@dataclass(frozen=True)
class Command:
    """A program, its arguments (`{run}` becomes the run's number), and the exit code that it must end with."""

    words: Sequence[str | Path]
    code: int = 0
    environment: Mapping[str, str] | None = None

    def cost(self, number: int = 0) -> "Cost":
        """Run it once; raise RuntimeError if it ends otherwise."""
        words = [str(word).replace("{run}", str(number)) for word in self.words]
        done = subprocess.run(
            [sys.executable, "-S", "-c", _RUN, *words],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        )  # fmt: skip
        code, ms, processor_ms, kilobytes = json.loads(done.stdout)
        if code != self.code:
            raise RuntimeError(f"{' '.join(words)} ended with {code}, not {self.code}: {done.stderr}")
        return Cost(ms, processor_ms, kilobytes / 1024)


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    ms: float
    processor_ms: float
    """Of the processor, which a busy machine changes least."""
    megabytes: float
    """Peak resident memory."""


def at(team: Team, *words: str | Path, code: int = 0) -> Command:
    """Say that a command is run by a team's people, where they have their things."""
    environment = {"PATH": os.environ["PATH"], "CERTKIT_HOME": str(team.home), "HOME": str(team.laptop)}
    return Command(words, code, environment)


def costs(runs: int, **commands: Command) -> dict[str, Cost]:
    """Run each command `runs` times, in turns; return median times, the least of the processor, the highest peaks."""
    measured: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(runs):
        for name, command in commands.items():
            measured[name].append(command.cost(number))
    return {name: _typical(several) for name, several in measured.items()}


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keep what the preparations say out of the table, unless they fail."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield
    except BaseException:
        print(said.getvalue())
        raise


def say_row(what: str, value: float, unit: str, most: float) -> None:
    """Print one line of a table: what was found, what it may be at most, and whether it is."""
    found, bound = f"{value:.4g} {unit}".strip(), f"{most:g} {unit}".strip()
    print(f"{what:<75} {found:>10} {bound:>10}  {'ok' if value <= most else 'ABOVE'}", flush=True)


def say_least(what: str, value: float, unit: str, least: float) -> None:
    """Print one line of a table: what was found, what it must be at least, and whether it is."""
    found, bound = f"{value:.4g} {unit}".strip(), f"{least:g} {unit}".strip()
    print(f"{what:<75} {found:>10} {bound:>10}  {'ok' if value >= least else 'BELOW'}", flush=True)


def _typical(several: list[Cost]) -> Cost:
    return Cost(
        statistics.median(one.ms for one in several),
        min(one.processor_ms for one in several),
        max(one.megabytes for one in several),
    )
