"""Whole processes, timed in turns so that a busy machine slows all contenders alike."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """A program, its arguments (`{run}` becomes the run's number), and the exit code that it must end with."""

    words: Sequence[str | Path]
    code: int = 0
    environment: Mapping[str, str] | None = None

    def cost(self, number: int = 0) -> "Cost":
        """Run it once; raise RuntimeError if it ends otherwise."""
        words = [str(word).replace("{run}", str(number)) for word in self.words]
        start = time.perf_counter()
        process = subprocess.Popen(
            words, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        took = (time.perf_counter() - start) * 1000
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != self.code:
            raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}, not {self.code}")
        return Cost(took, usage.ru_maxrss / 1024)


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    ms: float
    megabytes: float
    """Peak resident memory."""


def costs(runs: int, **commands: Command) -> dict[str, Cost]:
    """Run every command `runs` times, in turns; give the medians of the times, and the highest peaks."""
    measured: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(runs):
        for name, command in commands.items():
            measured[name].append(command.cost(number))
    return {name: _typical(several) for name, several in measured.items()}


def say_row(what: str, value: float, unit: str, most: float) -> None:
    """Print one line of a table: what was found, what it may be at most, and whether it is."""
    found, bound = f"{value:.4g} {unit}".strip(), f"{most:g} {unit}".strip()
    print(f"{what:<75} {found:>10} {bound:>10}  {'ok' if value <= most else 'ABOVE'}", flush=True)


def _typical(several: list[Cost]) -> Cost:
    return Cost(statistics.median(one.ms for one in several), max(one.megabytes for one in several))
