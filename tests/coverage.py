"""Runs the tests and measures which lines and branches of certkit they reach: `python -m tests.coverage -m pytest …`.

Programs that tests start are measured too. Less than the least fails the run, as a test that fails does.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.daemons.build import obstacle

CHECKOUT = Path(__file__).parents[1]
LEAST, LEAST_WITHOUT_DAEMONS = 97, 90
"""Percent: a little below what it is, where real daemons run and where none can."""


def main(arguments: Sequence[str]) -> int:
    """Run Python with these arguments, show what it has not reached, and return the exit code."""
    _coverage("erase")
    tests = _coverage("run", *arguments)
    _coverage("combine", "--quiet")
    least = LEAST_WITHOUT_DAEMONS if obstacle() else LEAST
    return tests or _coverage("report", f"--fail-under={least}")


def _coverage(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], cwd=CHECKOUT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
