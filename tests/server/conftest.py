"""The lead's home and commands, with a server on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import desk, founded, home, lead
from tests.server import programs
from tests.server.running import Caller, Server, serving

__all__ = ["desk", "founded", "home", "lead"]


@pytest.fixture(autouse=True)
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Play what would keep a timer."""
    return programs.play(tmp_path, monkeypatch)


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """Run a server on the home."""
    with serving(home) as running:
        yield running


@pytest.fixture
def caller(server: Server) -> Caller:
    """Return somebody without a certificate."""
    return Caller(server)
