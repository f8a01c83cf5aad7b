"""A whole team at a real daemon, all by the commands: a lead's home, laptops that enroll, builds that go on."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from certkit.cli import main
from tests import team as teams
from tests.daemons.building import building
from tests.daemons.daemon import HOST, Daemon, Start, free_port
from tests.team import Files, run
from tests.trust.people import answer

Capture = pytest.CaptureFixture[str]

BAD_CERTIFICATE, UNKNOWN_CA = 42, 48
SIDE_BY_SIDE = 8


@dataclass(frozen=True)
class Place:
    """Whose folders a command finds: the lead's, and a laptop's."""

    home: Path
    laptop: Path


@dataclass
class Fleet:
    """A team called acme; `holders` are the files of everybody who has enrolled, by `PERSON DEVICE`."""

    folder: Path
    daemon: Daemon
    holders: dict[str, Files] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The lead's folder."""
        return self.folder / "lead"

    @property
    def mounted(self) -> Files:
        """What the daemon is started with."""
        return Files.of(self.home / "daemons" / "build")

    def lead(self, *arguments: str | Path) -> int:
        """Run a command of the lead's; give its exit code."""
        with teams.at(Place(self.home, self.folder / "nobody")):
            return main(list(map(str, arguments)))

    def rotate(self, *arguments: str) -> None:
        """Take a step of a rotation that must be possible."""
        assert self.lead("rotate", *arguments) == 0, arguments

    def is_proven(self) -> bool:
        """Tell whether the daemon is seen to hold the newest anchors."""
        return self.lead("daemon", "check", "build") == 0

    def issue(self, *who: str) -> dict[str, Path]:
        """Issue bundles that are in flight from now on."""
        bundles = {each: self._new_file(each, "certkit") for each in who}
        for each, bundle in bundles.items():
            person, device = each.split()
            assert not self.lead("issue", person, "--device", device, "--no-passphrase", "--out", bundle)
        return bundles

    def request(self, who: str) -> Path:
        """Make a request on a laptop."""
        request = self._new_file(who, "csr")
        with self.at(who):
            run("enroll", "--request", str(request))
        return request

    def sign(self, who: str, request: Path) -> dict[str, Path]:
        """Answer a request."""
        person, device = who.split()
        answer = self._new_file(who, "answer")
        assert not self.lead("sign", request, "--person", person, "--device", device, "--out", answer)
        return {who: answer}

    def enroll(self, bundles: dict[str, Path]) -> None:
        """Let each enroll with what it was sent."""
        for who, bundle in bundles.items():
            with self.at(who) as laptop:
                run("enroll", str(bundle), "--for", "earthly", "--force", "--no-probe")
            self.holders[who] = Files.of(laptop / ".earthly" / "certs" / "acme")

    def probe(self, who: str, capture: Capture, *, as_lead: bool = False) -> tuple[int, dict[str, dict[str, str]]]:
        """Probe from a laptop, the lead's own or another; give the exit code and the checks by their ids."""
        capture.readouterr()
        with self.at(who, is_leads=as_lead):
            code = main(["probe", "--for", "earthly", "--daemon", self.daemon.url, "--json"])
        return code, {check["id"]: check for check in json.loads(capture.readouterr().out)["checks"]}

    @contextlib.contextmanager
    def at(self, who: str, *, is_leads: bool = False) -> Iterator[Path]:
        """Be at somebody's laptop, on which there is no home of the team's unless it is the lead's."""
        laptop = self.folder / "laptops" / who.replace(" ", "-")
        with teams.at(Place(self.home if is_leads else laptop / "none", laptop)):
            yield laptop

    def answers(self, port: int | None = None) -> dict[str, int | str]:
        """Let everybody connect, some at once; give what each is told."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            said = pool.map(lambda each: answer(port or self.daemon.port, each, each.ca), self.holders.values())
            return dict(zip(self.holders, said, strict=True))

    def served_by_buildctl(self) -> set[str]:
        """Return whom BuildKit's own client gets in for."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            got_in = pool.map(lambda each: self._buildctl(each, "debug", "workers"), self.holders.values())
            return {who for who, ended in zip(self.holders, got_in, strict=True) if ended.returncode == 0}

    def building(self, builders: Iterable[str]) -> AbstractContextManager[None]:
        """Let some build all the while: real builds."""
        return building(self._build, builders)

    def _build(self, who: str) -> None:
        source, out = self.folder / "source", self.folder / "out" / who
        what = ["--frontend=dockerfile.v0", f"--local=context={source}", f"--local=dockerfile={source}", "--no-cache"]
        ended = self._buildctl(self.holders[who], "build", *what, f"--output=type=local,dest={out}")
        assert ended.returncode == 0, (who, ended.stderr)
        assert (out / "greeting").read_text() == "hello"

    def _buildctl(self, files: Files, *arguments: str) -> subprocess.CompletedProcess[str]:
        client: list[str | Path] = [self.daemon.programs.buildctl, f"--addr={self.daemon.url}", "--timeout=5"]
        shown = [f"--tlscacert={files.ca}", f"--tlscert={files.cert}", f"--tlskey={files.key}"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        return subprocess.run(
            [*client, *shown, *arguments], capture_output=True, text=True, check=False, env=environment
        )

    def _new_file(self, who: str, kind: str) -> Path:
        sent = self.folder / "sent"
        sent.mkdir(exist_ok=True)
        return sent / f"{who.replace(' ', '-')}-{len(list(sent.iterdir()))}.{kind}"


def found(folder: Path, factory: Start, flavour: str, *, port: int | None = None, extra: tuple[str, ...] = ()) -> Fleet:
    """Create the team and start its daemon, with more options if need be.

    The URL is the daemon's own, unless there is a `port` on which something stands before it.
    """
    own_port = free_port(HOST)
    with teams.at(Place(folder / "lead", folder / "nobody")):
        run("init", "--team", "acme", "--daemon", f"tcp://{HOST}:{port or own_port}", "--name", "build")
    source = folder / "source"
    source.mkdir(parents=True)
    (source / "Dockerfile").write_text("FROM scratch\nCOPY greeting /greeting\n")
    (source / "greeting").write_text("hello")
    mounted = Files.of(folder / "lead" / "daemons" / "build").as_arguments()
    return Fleet(folder, factory(flavour, port=own_port, extra=extra, **mounted))
