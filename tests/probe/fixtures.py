"""Fixtures of the probe's tests: the cast, and one real daemon that stands for the whole session."""

from collections.abc import Iterator

import pytest

from tests.daemons.daemon import Daemon
from tests.probe.parties import Cast, authority
from tests.team import Files


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    """Give a team's authorities."""
    folder = tmp_path_factory.mktemp("cast")
    return Cast(folder, authority("acme server authority"), authority("acme client authority"))


@pytest.fixture(scope="session")
def alice(cast: Cast) -> Files:
    """Give the files of a client with whom all is well."""
    return cast.client_files()


@pytest.fixture(scope="session")
def standing(real_daemons: None, cast: Cast) -> Iterator[Daemon]:
    """Give a real daemon of Earthly's flavour, with which all is well."""
    daemon = Daemon("earthly", **cast.daemon_files().as_arguments())
    yield daemon
    daemon.close()
