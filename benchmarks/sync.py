"""How fast a revocation reaches a daemon whose host syncs: python -m benchmarks.sync (root, Linux, runc; quiet)."""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import quietly, say_row
from certkit.authority.home import open_home
from certkit.authority.view import reading
from certkit.cli.support import context
from tests.server.running import serving
from tests.sync.machine import Machine
from tests.team import run

REVOCATIONS = 10
PERSON = "alice@acme.example"


def proven(home: Path) -> int:
    """Return the publication that the daemon is proven to hold."""
    with reading(open_home(home, lambda: b""), context.now()) as view:
        daemon = view.ledger.daemon("build")
        return daemon.proven if daemon else 0


@contextlib.contextmanager
def followed(machine: Machine) -> Iterator[None]:
    """Let the host follow the news, as its service does."""
    options = ["--restart-command", str(machine.restart), "--deadline", "0"]
    command = [sys.executable, "-m", "certkit", "daemon", "sync", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def measure(folder: Path, flavour: str) -> list[float]:
    """Return the seconds from the start of `revoke`, or `reinstate`, until the daemon is proven, each time."""
    os.environ.update(HOME=str(folder), CERTKIT_HOME=str(folder / "home"))
    os.environ.pop("XDG_DATA_HOME", None)
    machine, took = Machine(folder / "host", flavour), []
    with contextlib.closing(machine):
        run("init", "--team", "acme", "--daemon", machine.url, "--name", "build")
        run("daemon", "deploy", "build", "--certs", str(machine.files))
        run("issue", PERSON, "--no-passphrase", "--out", str(folder / "a"))
        with serving(folder / "home") as server:
            _enroll(folder, server.home)
            with followed(machine):
                _until(folder / "home", 1)
                for number in range(2, REVOCATIONS + 2):
                    begun = time.perf_counter()
                    run("reinstate" if number % 2 else "revoke", PERSON)
                    _until(folder / "home", number)
                    took.append(time.perf_counter() - begun)
    return took


def _enroll(folder: Path, home: Path) -> None:
    code = folder / "code"
    with code.open("w") as file, contextlib.redirect_stdout(file):
        run("invite", "--daemon", "build", "--home", str(home))
    [line] = [each for each in code.read_text().splitlines() if "https://" in each]
    run("enroll", line.split("'")[1])


def _until(home: Path, number: int) -> None:
    while proven(home) < number:
        time.sleep(0.02)


def main() -> None:
    """Print the table."""
    for flavour in ("earthly", "upstream"):
        with tempfile.TemporaryDirectory() as scratch:
            with quietly():
                took = measure(Path(scratch), flavour)
            say_row(
                f"revoke until {flavour}'s idle daemon is restarted and proven, median", statistics.median(took), "s", 5
            )
            say_row("the same, the slowest", max(took), "s", 5)


if __name__ == "__main__":
    main()
