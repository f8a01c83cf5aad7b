"""Fixtures: one cluster for all tests of a worker, and the reason where there can be none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubernetes.cluster import Cluster, running


@pytest.fixture(scope="session")
def cluster(own_environment: Path) -> Iterator[Cluster]:
    """Run a cluster, in which each test has a namespace of its own."""
    folder = own_environment / "cluster"  # which goes at the end: a store takes 100 MB and more
    folder.mkdir()
    with running(folder) as found:
        yield found
