"""A team's home, made by the command."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.authority.session import Session
from certkit.authority.view import View, reading
from certkit.cli import main
from certkit.ledger.interface import Actor
from tests.postgres.fixtures import ledger_of_new_homes

URL = "tcp://build.acme.example:8372"
LEAD = Actor("lead", "desk")


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a passphrase on a key cost a thousandth, which says itself what it costs: here hundreds are put on."""
    monkeypatch.setattr("certkit.pki.encrypted_key._N", 16)


@pytest.fixture
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the home of a team called acme with a daemon called build, and work there."""
    monkeypatch.setenv("CERTKIT_HOME", str(tmp_path / "home"))
    with ledger_of_new_homes(request):
        assert main(["init", "--team", "acme", "--daemon", URL]) == 0
    return tmp_path / "home"


@pytest.fixture
def view(path: Path) -> Iterator[View]:
    """Read the home."""
    with reading(open_home(path, nobody_asks), now()) as view:
        yield view


@pytest.fixture
def session(path: Path) -> Iterator[Session]:
    """Change the home."""
    with change(path) as session:
        yield session


def now() -> datetime:
    """Return the time by which the command has just made, or will make, something: one fixed time would lie before."""
    return datetime.now(UTC).replace(microsecond=0)


def change(path: Path, passphrase: bytes | None = None, at: datetime | None = None) -> AbstractContextManager[Session]:
    """Open a home to be changed; without a passphrase its authorities must not be encrypted."""
    ask = nobody_asks if passphrase is None else lambda: passphrase
    return changing(open_home(path, ask), LEAD, at or now())


def nobody_asks() -> bytes:
    """Fail where a passphrase is asked for."""
    raise AssertionError("a passphrase was asked for")
