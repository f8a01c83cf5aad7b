"""Fixtures: real daemons of every flavour, and the reason where there can be none."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.daemons.build import FLAVOURS, obstacle
from tests.daemons.daemon import Daemon, Start


@pytest.fixture(scope="session")
def real_daemons() -> None:
    """Skip, with the reason, where no real daemon can run."""
    if reason := obstacle():
        pytest.skip(reason)


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> str:
    """Return every flavour of BuildKit's daemon in turn: a test that asks for it runs three times."""
    return str(request.param)


@pytest.fixture
def daemon_factory(real_daemons: None) -> Iterator[Start]:
    """Start daemons: `daemon_factory(flavour, ca=…, cert=…, key=…, host=…, extra=…)`; all end with the test.

    A test that fails shows what each of them said.
    """
    started: list[Daemon] = []

    def start(flavour: str = "earthly", **arguments: Any) -> Daemon:  # noqa: ANN401  they are Daemon's
        daemon = Daemon(flavour, **arguments)
        started.append(daemon)
        return daemon

    yield start
    for daemon in started:
        print(f"\n{daemon.flavour}'s buildkitd on {daemon.url} said:\n{daemon.log}")
        daemon.close()
