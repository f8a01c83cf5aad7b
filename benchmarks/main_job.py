"""What issuing and probing cost: python -m benchmarks.main_job (root, Linux, runc; a quiet machine)."""

import contextlib
import socket
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import CERTKIT, Command, Cost, at, costs, quietly, say_row
from tests import team as teams
from tests.daemons.daemon import HOST, Daemon, free_port
from tests.team import Files, Team

LEAST = Path(__file__).with_name("least.py")
RUNS = 15


def starting() -> None:
    """Compare the help with an empty Python."""
    took = costs(RUNS, help=Command([CERTKIT, "--help"]), python=Command([sys.executable, "-c", "pass"]))
    _say_ratio("certkit --help, times python -c pass", took["help"], took["python"], 5)


def issuing(team: Team) -> None:
    """Compare `issue` with the least script that does the same."""
    authority, out = team.authority("client"), team.folder / "{run}"
    issue: list[str | Path] = [CERTKIT, "issue", "bob{run}", "--no-passphrase", "--out", f"{out}.certkit"]
    least: list[str | Path] = [sys.executable, LEAST, authority, authority.with_name("key.pem"), out]
    took = costs(RUNS, issue=at(team, *issue), least=Command(least))
    _say_ratio("certkit issue --no-passphrase, times the least script", took["issue"], took["least"], 1.25)


def probing(team: Team, daemon: Daemon, stranger: Files) -> None:
    """Time the probe of a daemon that is well, and of one that refuses the certificate."""
    well, refused = _probe(team, daemon.url, team.device), _probe(team, daemon.url, stranger, code=3)
    took = costs(RUNS, well=well, refused=refused)
    say_row("certkit probe, all stages, real daemon", took["well"].ms, "ms", 300)
    say_row("the same, of the processor", took["well"].processor_ms, "ms", 300)
    say_row("the same, peak memory", well.cost().megabytes, "MB", 100)
    say_row("a finding for a refused certificate", took["refused"].ms, "ms", 500)
    say_row("the same, of the processor", took["refused"].processor_ms, "ms", 500)


def waiting(team: Team) -> None:
    """Time the probe of a host that never answers: a listener whose queue is full."""
    with socket.create_server((HOST, free_port(HOST)), backlog=0) as dead, contextlib.ExitStack() as stack:
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.settimeout(0)
            caller.connect_ex(dead.getsockname())
        took = _probe(team, f"tcp://{HOST}:{dead.getsockname()[1]}", team.device, code=3).cost()
    say_row("a finding for a host that never answers (the timeout is 5 s)", took.ms, "ms", 5500)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        port = free_port(HOST)
        with quietly():
            team = teams.found(Path(scratch) / "acme", port=port)
            stranger = teams.found(Path(scratch) / "other", port=port)
        daemon = Daemon("earthly", port=port, **team.daemon.as_arguments())
        try:
            starting()
            issuing(team)
            probing(team, daemon, stranger.device)
            waiting(team)
        finally:
            daemon.close()


def _probe(team: Team, url: str, shown: Files, *, code: int = 0) -> Command:
    files: list[str | Path] = ["--ca", team.device.ca, "--cert", shown.cert, "--key", shown.key]
    return at(team, CERTKIT, "probe", "--daemon", url, *files, code=code)


def _say_ratio(what: str, one: Cost, other: Cost, most: float) -> None:
    say_row(f"{what} ({one.ms:.0f} ms against {other.ms:.0f})", one.ms / other.ms, "times", most)


if __name__ == "__main__":
    main()
