"""A whole team over months: a lead, a server, laptops that are processes with homes of their own, and real daemons.

The daemons' clock is the true one: nothing moves that of a program in Go. So the story lies in the past, and every
certificate lasts until now, or longer.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certkit.cli import main
from certkit.cli.support import context
from tests import team as teams
from tests.daemons.build import FLAVOURS, programs
from tests.daemons.building import building
from tests.daemons.daemon import HOST, Daemon, Start, free_port
from tests.server.running import Server, serving
from tests.team import Files
from tests.trust.people import answer

_SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class Laptop:
    """A laptop: whose, which daemon it uses, and its home."""

    person: str
    flavour: str
    home: Path

    @property
    def files(self) -> Files:
        """What its Earthly uses."""
        return Files.of(self.home / ".earthly" / "certs" / "acme")


@dataclass
class Crew:
    """The team; `day` is the day of the story, counted from today."""

    folder: Path
    faketime: Path
    daemons: dict[str, Daemon] = field(default_factory=dict)
    day: float = 0
    port: int = field(default_factory=lambda: free_port(HOST))

    @property
    def home(self) -> Path:
        """The lead's folder."""
        return self.folder / "lead"

    def lead(self, *arguments: str | Path, code: int = 0, day: float | None = None) -> str:
        """Run a command of the lead's on a day, the story's unless said otherwise; return what it prints."""
        now, said = datetime.now(UTC) + timedelta(days=self.day if day is None else day), io.StringIO()
        with (
            teams.at(_Place(self.home, self.folder / "nobody")),
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            patch.setattr(context, "now", lambda: now)
            ended = main([str(each) for each in arguments])
        assert ended == code, (arguments, said.getvalue())
        return said.getvalue()

    def told(self, *arguments: str | Path) -> Any:  # noqa: ANN401  JSON is of any kind
        """Return the JSON of a command of the lead's."""
        return json.loads(self.lead(*arguments, "--json"))

    @contextlib.contextmanager
    def serving(self) -> Iterator[Server]:
        """Run the server, at the story's time, where laptops know it."""
        with serving(self.home, ahead=timedelta(days=self.day), port=self.port) as server:
            yield server

    def run(self, laptop: Laptop, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command on a laptop, in a process of its own whose clock is that of the story."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(laptop.home),
            "LD_PRELOAD": str(self.faketime),
            "FAKETIME": f"{round(self.day * 86400):+d}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        command = [sys.executable, "-m", "certkit", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def run_all(self, laptops: Sequence[Laptop], *arguments: str, code: int = 0) -> list[str]:
        """Run a command on laptops, some at once, which must end so on each; return what they print."""
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            ended = list(pool.map(lambda each: self.run(each, *arguments), laptops))
        for laptop, each in zip(laptops, ended, strict=True):
            assert each.returncode == code, (laptop.person, each.stdout, each.stderr)
        return [each.stdout + each.stderr for each in ended]

    def restart_daemons(self) -> None:
        """Let every daemon take up its newest files, and see that it has, by the daemon's own clock."""
        for name, daemon in self.daemons.items():
            daemon.restart(**Files.of(self.home / "daemons" / name).as_arguments())
            self.lead("daemon", "check", name, day=0)

    def answers(self, files: dict[str, Files]) -> dict[str, set[int | str]]:
        """Return what each of these holders is told by the daemons, all of them."""
        ca = self.home / "authorities" / "server" / "cert.pem"
        asked = [(who, each, daemon.port) for who, each in files.items() for daemon in self.daemons.values()]
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            said = list(pool.map(lambda each: answer(each[2], each[1], ca), asked))
        return {who: {told for (other, *_), told in zip(asked, said, strict=True) if other == who} for who in files}

    def building(self, laptops: Sequence[Laptop]) -> AbstractContextManager[None]:
        """Let some build all the while."""
        return building(self._build, laptops)

    def _build(self, laptop: Laptop) -> None:
        source, out, files = self.folder / "source", self.folder / "out" / laptop.person, laptop.files
        command: list[str | Path] = [
            *(programs(laptop.flavour).buildctl, f"--addr={self.daemons[laptop.flavour].url}", "--timeout=60"),
            *(f"--tlscacert={files.ca}", f"--tlscert={files.cert}", f"--tlskey={files.key}"),
            *("build", "--frontend=dockerfile.v0", f"--local=context={source}", f"--local=dockerfile={source}"),
            *("--no-cache", f"--output=type=local,dest={out}"),
        ]
        environment = {"PATH": os.environ["PATH"], "HOME": str(laptop.home)}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, (laptop.person, ended.stderr)
        assert (out / "greeting").read_text() == "hello"


@dataclass(frozen=True)
class _Place:
    """Whose folders a command finds."""

    home: Path
    laptop: Path


def found(folder: Path, factory: Start, faketime: Path, day: float) -> Crew:
    """Create the team on a day of the past, with a daemon of every flavour."""
    crew = Crew(folder, faketime, day=day)
    ports = {flavour: free_port(HOST) for flavour in FLAVOURS}
    first, *others = FLAVOURS
    crew.lead("init", "--team", "acme", "--daemon", f"tcp://{HOST}:{ports[first]}", "--name", first)
    for each in others:
        crew.lead("daemon", "add", each, f"tcp://{HOST}:{ports[each]}")
    source = folder / "source"
    source.mkdir()
    (source / "Dockerfile").write_text("FROM scratch\nCOPY greeting /greeting\n")
    (source / "greeting").write_text("hello")
    for flavour, port in ports.items():
        files = Files.of(crew.home / "daemons" / flavour)
        crew.daemons[flavour] = factory(flavour, port=port, **files.as_arguments())
        crew.lead("daemon", "check", flavour, day=0)
    return crew
