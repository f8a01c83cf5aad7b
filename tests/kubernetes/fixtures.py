"""Fixtures: one cluster for all tests of a worker, and the reason where there can be none."""

from collections.abc import Iterator

import pytest

from tests.kubernetes.cluster import Cluster, running


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run a cluster, in which each test has a namespace of its own."""
    with running(tmp_path_factory.mktemp("cluster")) as found:
        yield found
