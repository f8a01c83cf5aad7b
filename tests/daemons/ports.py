"""Ports for what a test starts: no other process of the same run is given them meanwhile."""

import os

from certkit.cli.support import local_daemon

_ALIKE = 2  # Linux gives ports to listen on of one parity, as long as there are any


def free_port(host: str) -> int:
    """Return a TCP port on which nobody listens, of those that are this test process's own.

    It takes a moment until a program listens on it, and another process could be given the same port until then: its
    test would talk to a stranger's server.
    """
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while (port := local_daemon.free_port(host)) // _ALIKE % count != number:
        pass
    return port
