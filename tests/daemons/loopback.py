"""Which addresses of its own this machine has for daemons that only it can reach."""

import pytest

from certkit.cli.support import local_daemon
from certkit.cli.support.local_daemon import listens

HOST = local_daemon.HOST if listens(local_daemon.HOST) else local_daemon.HOST_ELSEWHERE
"""Where the tests' daemons listen: an address that Earthly does not take for its own; macOS has one fewer."""

HAS_MANY = listens("127.83.0.1")
"""Whether all of 127.0.0.0/8 is this machine, so that every test can have an address of its own."""

needs_second_address = pytest.mark.skipif(
    not listens(local_daemon.HOST), reason="this machine has no loopback address but 127.0.0.1; by default Linux has"
)
needs_ipv6 = pytest.mark.skipif(not listens("::1"), reason="this machine has no IPv6; by default Linux has")
