"""Fixtures of the probe's tests: a team's authorities, and one real daemon that stands for the whole session."""

from collections.abc import Iterator

import pytest

from tests.daemons.daemon import Daemon
from tests.probe.pki import Pki, authority
from tests.team import Files


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Return a team's authorities."""
    folder = tmp_path_factory.mktemp("pki")
    return Pki(folder, authority("acme server authority"), authority("acme client authority"))


@pytest.fixture(scope="session")
def alice(pki: Pki) -> Files:
    """Return the files of a client with whom all is well."""
    return pki.client_files()


@pytest.fixture(scope="session")
def standing(real_daemons: None, pki: Pki) -> Iterator[Daemon]:
    """Return a real daemon of Earthly's flavour, with which all is well."""
    daemon = Daemon("earthly", **pki.daemon_files().as_arguments())
    yield daemon
    daemon.close()
