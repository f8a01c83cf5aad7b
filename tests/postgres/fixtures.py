"""Fixtures: databases for ledgers, and the reason where there can be none."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from certkit.ledger import file_url
from tests.postgres import server
from tests.postgres.server import Server

NewUrl = Callable[[], str]


@pytest.fixture(scope="session")
def postgres(own_environment: Path) -> Iterator[Server]:
    """Run a server for all tests of this process; skip, with the reason, where none can run."""
    if reason := server.obstacle():
        pytest.skip(reason)
    with server.running(own_environment / "postgres") as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Return the name of every database in turn: a test that asks for it runs once in each."""
    return str(request.param)


@pytest.fixture
def new_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> NewUrl:
    """Return a way to get the URL of a place where there is no ledger yet, in every database in turn."""
    if database == "postgresql":
        running: Server = request.getfixturevalue("postgres")
        return running.new_url
    numbers = iter(range(1_000_000))
    return lambda: file_url(tmp_path / f"a ledger {next(numbers)}.sqlite")
