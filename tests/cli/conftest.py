"""A lead at the terminal: a folder to work in, a home, and commands whose words are read."""

import json
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from certkit.cli import main
from tests.daemons.daemon import HOST, free_port
from tests.homes import move_ledger

URL = "tcp://build.acme.example:8372"
ALICE = "alice@acme.example"
UNRESOLVED = "does not resolve here.\nEvery laptop must find it, by its name server or its hosts file."


@dataclass(frozen=True)
class Ended:
    """How a command has ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:  # noqa: ANN401  JSON is of any kind
        """Its result as JSON."""
        return json.loads(self.out)

    @property
    def complaint(self) -> tuple[int, str, str]:
        """Its exit code, its one line of what, its one line of what to do; it must have said nothing else."""
        assert not self.out
        assert "a defect in certkit" not in self.err
        what, remedy = self.err.splitlines()
        return self.code, what, remedy


Lead = Callable[..., Ended]


_resolve_here = socket.getaddrinfo


def _resolve(host: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  the system's own
    """Resolve a name; those of the tests have no address, whatever this machine's name server says."""
    if host.endswith(".example"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _resolve_here(host, *arguments, **options)


@pytest.fixture
def lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lead:
    """Return a way to run commands in an empty folder, with a home that is not there yet."""
    desk = tmp_path / "desk"
    desk.mkdir()
    monkeypatch.chdir(desk)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CERTKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(socket, "getaddrinfo", _resolve)

    def run(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a team called acme once, to be copied."""
    path = tmp_path_factory.mktemp("founded") / "home"
    assert main(["init", "--team", "acme", "--daemon", URL, "--home", str(path)]) == 0
    return path


@pytest.fixture
def home(request: pytest.FixtureRequest, lead: Lead, founded: Path, tmp_path: Path) -> Path:
    """Return the home of a team called acme, with a daemon called build, and its ledger in the `database`."""
    shutil.copytree(founded, tmp_path / "home", symlinks=True)
    if "database" in request.fixturenames and request.getfixturevalue("database") == "postgresql":
        move_ledger(tmp_path / "home", request.getfixturevalue("postgres").new_url())
    return tmp_path / "home"


@pytest.fixture
def desk(lead: Lead, tmp_path: Path) -> Path:
    """Return the folder that the lead works in."""
    return tmp_path / "desk"


@pytest.fixture
def port() -> int:
    """Return a port on which nobody listens yet."""
    return free_port(HOST)
