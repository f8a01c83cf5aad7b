"""The lead's desk: a shell in which what certkit prints is pasted, with kubectl for the cluster of the tests."""

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Lead
from tests.daemons.daemon import HOST, free_port
from tests.environment import put_certkit
from tests.kubernetes.cluster import Cluster

PATIENCE = 120.0
_NUMBERS = count(1)


@dataclass(frozen=True)
class Desk:
    """A team whose daemon `name` is to run in the cluster, in a namespace that no other test has."""

    lead: Lead
    cluster: Cluster
    tools: Path
    name: str
    url: str

    @property
    def service(self) -> str:
        """What the namespace, and all in it, is called."""
        return f"buildkitd-{self.name}"

    @property
    def api(self) -> str:
        """Where the namespace's objects are."""
        return f"/api/v1/namespaces/{self.service}"

    def paste(self, line: str) -> str:
        """Run a line that certkit has printed; return what it printed itself."""
        path = os.pathsep.join([str(self.tools), str(self.cluster.programs), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            env={**os.environ, "PATH": path, "KUBECONFIG": str(self.cluster.kubeconfig)},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return done.stdout

    def add(self, flavour: str) -> list[str]:
        """Make the team with its daemon; return the lines to paste."""
        assert self.lead("init", "--team", "acme", "--daemon", "tcp://first.acme.example:1").code == 0
        added = self.lead("daemon", "add", self.name, self.url, "--as", "kubernetes", "--flavour", flavour)
        assert added.code == 0, added.err
        assert self.lead("daemon", "remove", "first", "--yes").code == 0
        return [line.strip() for line in added.out.splitlines() if re.match(r" {7}\S", line)]

    def pods(self) -> list[Any]:
        """Return the pods of the namespace, oldest first."""
        found: list[Any] = self.cluster.ask(f"{self.api}/pods")["items"]
        return found

    def wait_for(self, holds: Callable[[], object]) -> None:
        """Wait for what must come."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, self.cluster.ask(f"{self.api}/events")
            time.sleep(0.1)


@pytest.fixture
def desk(lead: Lead, cluster: Cluster, tmp_path: Path) -> Desk:
    """Return the lead's desk."""
    return Desk(lead, cluster, put_certkit(tmp_path / "bin"), f"b{next(_NUMBERS)}", f"tcp://{HOST}:{free_port(HOST)}")
