"""Whole processes, timed in turns so that a busy machine slows all contenders alike."""

import contextlib
import io
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.team import Team

CERTKIT = Path(sys.executable).with_name("certkit")


@dataclass(frozen=True)
class Command:
    """A program, its arguments (`{run}` becomes the run's number), and the exit code that it must end with."""

    words: Sequence[str | Path]
    code: int = 0
    environment: Mapping[str, str] | None = None

    def weighed(self) -> "Command":
        """Return the same command in a process whose peak memory is its own: a child begins with its parent's."""
        return replace(self, words=["sh", "-c", '"$@"; exit $?', "sh", *self.words])

    def cost(self, number: int = 0) -> "Cost":
        """Run it once; raise RuntimeError if it ends otherwise."""
        words = [str(word).replace("{run}", str(number)) for word in self.words]
        start = time.perf_counter()
        with subprocess.Popen(
            words, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            took = (time.perf_counter() - start) * 1000
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != self.code:
                said = process.communicate()[1].decode(errors="replace")
                raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}, not {self.code}: {said}")
        return Cost(took, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024)


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    ms: float
    processor_ms: float
    """Of the processor, which a busy machine changes least."""
    megabytes: float
    """Peak resident memory, if the command was `weighed`."""


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
