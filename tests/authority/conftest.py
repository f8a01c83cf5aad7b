"""A team's home, made by the command."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from certkit.authority.home import Home, open_home
from certkit.cli import main

URL = "tcp://build.acme.example:8372"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the home of a team called acme with a daemon called build, and work there."""
    monkeypatch.setenv("CERTKIT_HOME", str(tmp_path / "home"))
    assert main(["init", "--team", "acme", "--daemon", URL]) == 0
    return tmp_path / "home"


@pytest.fixture
def home(path: Path) -> Iterator[Home]:
    with closing(opener(path)()) as home:
        yield home


def opener(path: Path) -> Callable[[], Home]:
    """Give a way to open a home whose authorities are not encrypted."""
    return lambda: open_home(path, lambda: pytest.fail("a passphrase was asked for"))
