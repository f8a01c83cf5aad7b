"""A team whose daemon runs, and was seen to hold its files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Lead
from tests.cli.daemons import Running, running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the place of the home, which is made with the daemon."""
    return tmp_path / "home"


@pytest.fixture
def daemon(lead: Lead, home: Path) -> Iterator[Running]:
    with running(lead, home) as daemon:
        yield daemon
