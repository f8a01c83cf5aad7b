"""What enrollment over the network costs: python -m benchmarks.enrollment (root, Linux, runc, Go, PostgreSQL; quiet).

The load is made on the same cores: 64 connections, a new TLS connection for each call. The contenders take turns.
"""

import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from benchmarks.measure import CERTKIT, Command, costs, quietly, say_least, say_row
from certkit.authority import invitations
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.authority.session import Session
from certkit.cli import main as certkit
from certkit.ledger.interface import Actor
from tests.daemons.build import go
from tests.daemons.daemon import HOST, Daemon, free_port
from tests.postgres import server as postgres

TURNS = 5
CALLS = 1500
"""Calls of one turn."""
RUNS = 15
"""Of `enroll`, each."""
LONG_RUN = 20_000
"""Enrollments after which the memory of a process is looked at, and from which that after 100,000 follows."""
_ENROLL = "/.well-known/est/simpleenroll"


@dataclass(frozen=True)
class Load:
    """What a run of the load generator found; times in milliseconds."""

    rate: float
    p50: float
    p99: float
    max: float
    used: float
    """What a call took of the processors where it was made."""
    failed: int


@dataclass
class Bench:
    """A team's home, its ledger in another place if one is named, with as many codes as are wanted; the generator."""

    folder: Path
    ledger: str = ""
    home: Path = field(init=False)
    generator: Path = field(init=False)
    daemon: str = field(default_factory=lambda: f"tcp://{HOST}:{free_port(HOST)}")
    _invited: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.home, self.generator = self.folder / "home", self.folder / "load"
        subprocess.run([go(), "build", "-o", self.generator, "."], cwd=Path(__file__).with_name("load"), check=True)
        with quietly(), mock.patch.dict(os.environ, {"CERTKIT_LEDGER": self.ledger} if self.ledger else {}):
            certkit(["init", "--team", "acme", "--daemon", self.daemon, "--home", str(self.home)])

    def passwords(self, count: int) -> Path:
        """Invite so many, each with a code that is good once, and return the file of the codes' passwords."""
        path = self.folder / "passwords"
        with self._session() as session, session.transaction():
            draft = invitations.drafting(session, timedelta(days=1))
            drafts = [draft(f"person{self._invited + each}@acme.example", "laptop") for each in range(count)]
            made = [invitations.record(session, each) for each in drafts]
        self._invited += count
        path.write_text("\n".join(each.code.password for each in made))
        return path

    def _session(self) -> AbstractContextManager[Session]:
        return changing(open_home(self.home, lambda: b""), Actor("lead", "desk"), datetime.now(UTC))

    def invited(self, count: int, what: str) -> Path:
        """Make so many codes, and return a folder with the `code` or the `password` of each in a file of its own."""
        folder = self.folder / what
        folder.mkdir()
        with self._session() as session:
            for number in range(count):
                made = invitations.invite(session, "alice", None, life=timedelta(hours=1)).code
                (folder / str(number)).write_text(made.text if what == "code" else made.password)
        return folder

    def enroll(self, server: "Served", calls: int = CALLS) -> Load:
        """Enroll so many laptops."""
        return self.load(server, "-path", _ENROLL, "-passwords", self.passwords(calls), calls=calls)

    def load(self, server: "Served", *options: str | Path, calls: int = CALLS) -> Load:
        """Make so many calls."""
        ca = self.home / "authorities" / "server" / "cert.pem"
        where: list[str | Path] = ["-at", f"{HOST}:{server.port}", "-ca", ca, "-calls", str(calls)]
        done = subprocess.run([self.generator, *where, *options], stdout=subprocess.PIPE, check=True)
        found = Load(**json.loads(done.stdout))
        if found.failed:
            raise RuntimeError(f"{found.failed} of {calls} calls failed")
        return found


@dataclass(frozen=True)
class Served:
    """A server that runs, by the number of its first process and its port."""

    process: int
    port: int

    def processor_seconds(self) -> float:
        """Return what its processes have used of the processors."""
        return sum(sum(map(int, each.rpartition(")")[2].split()[11:13])) for each in self._files("stat")) / 100

    def megabytes(self) -> float:
        """Return the resident memory of the largest of its processes."""
        return max(int(each.partition("VmRSS:")[2].split()[0]) for each in self._files("status")) / 1024

    def _files(self, name: str) -> list[str]:
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return [Path(f"/proc/{each}/{name}").read_text() for each in [str(self.process), *children]]


@contextlib.contextmanager
def running(*words: str | Path, port: int) -> Iterator[Served]:
    """Run a server for a block, from when it can be reached."""
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, process_group=0) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    socket.create_connection((HOST, port)).close()
                    break
                time.sleep(0.05)
            time.sleep(1)  # until all processes listen
            yield Served(process.pid, port)
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def ours(bench: Bench, processes: int) -> contextlib.AbstractContextManager[Served]:
    """Run certkit's server."""
    port = free_port(HOST)
    url = f"https://{HOST}:{port}"
    where: list[str | Path] = ["--listen", f"{HOST}:{port}", "--url", url, "--home", bench.home]
    return running(CERTKIT, "serve", *where, "--processes", str(processes), port=port)


def bare(bench: Bench, processes: int) -> contextlib.AbstractContextManager[Served]:
    """Run the least that does the same without a ledger."""
    port = free_port(HOST)
    words: list[str | Path] = [
        sys.executable,
        "-m",
        "benchmarks.bare_est",
        f"{HOST}:{port}",
        str(processes),
        bench.home,
    ]
    return running(*words, port=port)


def rates(bench: Bench, postgresql: Bench) -> None:
    """Compare how many enroll in a second, in turns; and what each takes of the processors, which changes least."""
    found: dict[str, list[tuple[Load, float]]] = {}
    for _ in range(TURNS):
        for name, start, team, processes, call in (
            ("bare", bare, bench, 2, bench.enroll),
            ("ours", ours, bench, 2, bench.enroll),
            ("PostgreSQL", ours, postgresql, 2, postgresql.enroll),
            ("empty", ours, bench, 1, bench.load),
            ("ours, one process", ours, bench, 1, bench.enroll),
        ):
            with start(team, processes) as server:
                before = server.processor_seconds()
                took = call(server)
                each = (server.processor_seconds() - before) / CALLS * 1000
                found.setdefault(name, []).append((took, each))
    rate = {name: statistics.median(load.rate for load, _ in each) for name, each in found.items()}
    used = {name: min(load.used + ms for load, ms in each) for name, each in found.items()}
    for name in found:
        print(
            f"{name:<20} {rate[name]:8.0f} calls/s, {used[name]:.2f} ms of the processors each, the caller's included"
        )
    say_least("enrollments, two processes, against the bare ones", rate["ours"] / rate["bare"], "times", 0.9)
    say_least("the same by what they take of the processors", used["bare"] / used["ours"], "times", 0.9)
    say_least(
        "enrollments, one process, against empty answers", rate["ours, one process"] / rate["empty"], "times", 0.55
    )
    say_least("two processes on PostgreSQL, against two on SQLite", rate["PostgreSQL"] / rate["ours"], "times", 0.8)
    slowest = statistics.median(load.p99 for load, _ in found["ours"])
    say_row("the slowest hundredth of the enrollments, two processes", slowest, "ms", 150)


def memory(bench: Bench) -> None:
    """Look at a process's memory after many enrollments; what it has after 100,000 follows from the slope."""
    with ours(bench, 1) as server:
        sizes = []
        for _ in range(4):
            bench.enroll(server, LONG_RUN // 4)
            sizes.append(server.megabytes())
    slope = (sizes[-1] - sizes[1]) / (LONG_RUN / 2)
    print("memory after each quarter of the run:", " ".join(f"{size:.1f}" for size in sizes), "MB")
    say_row("memory after 100,000 enrollments, by its slope", sizes[-1] + slope * (100_000 - LONG_RUN), "MB", 120)


def laptop(bench: Bench) -> None:
    """Compare `enroll CODE`, the probe of a real daemon included, with the least that makes the same handshakes."""
    files, place = bench.home / "daemons" / "build", bench.daemon.removeprefix("tcp://")
    port, ca = int(place.rpartition(":")[2]), bench.home / "authorities" / "server" / "cert.pem"
    daemon = Daemon("earthly", port=port, ca=files / "ca.pem", cert=files / "cert.pem", key=files / "key.pem")
    home = bench.folder / "alice"
    (home / ".earthly").mkdir(parents=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "EARTHLY_BUILDKIT_HOST": bench.daemon}
    try:
        with ours(bench, 1) as server:
            code, password = (bench.invited(RUNS, name) for name in ("code", "password"))
            enroll: list[str | Path] = [CERTKIT, "enroll", f"{code}/{{run}}", "--no-timer"]
            where: list[str | Path] = [
                f"{HOST}:{server.port}",
                ca,
                f"{password}/{{run}}",
                place,
                bench.folder / "least{run}",
            ]
            took = costs(
                RUNS,
                enroll=Command(enroll, environment=environment),
                least=Command([sys.executable, Path(__file__).with_name("least_enrollment.py"), *where]),
            )
    finally:
        daemon.close()
    for name, each in took.items():
        print(f"{name:<20} {each.ms:8.0f} ms, {each.processor_ms:.0f} ms of the processors")
    say_row("certkit enroll CODE, times the least script", took["enroll"].ms / took["least"].ms, "times", 2)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o711)  # as root, PostgreSQL is another user
        bench = Bench(Path(scratch))
        with ours(bench, 1):
            pass  # the bare one takes over its certificate
        laptop(bench)
        with postgres.running(Path(scratch, "postgres"), fsync="on") as database:
            other = Bench(Path(scratch, "other"), database.new_url())
            with ours(other, 1):
                pass  # invitations name its address
            rates(bench, other)
        memory(bench)


if __name__ == "__main__":
    main()
