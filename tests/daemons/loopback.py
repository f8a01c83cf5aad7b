"""Which addresses of its own this machine has for daemons that only it can reach."""

import socket

from certkit.cli.support import local_daemon


def listens(host: str) -> bool:
    """Tell whether something can listen on an address of this machine."""
    try:
        local_daemon.free_port(host)
    except OSError:
        return False
    return True


HOST = local_daemon.HOST if listens(local_daemon.HOST) else local_daemon.HOST_ELSEWHERE
"""Where the tests' daemons listen: an address that Earthly does not take for its own; macOS has one fewer."""

HAS_IPV6 = socket.has_ipv6 and listens("::1")
HAS_MANY = listens("127.83.0.1")
"""Whether all of 127.0.0.0/8 is this machine, so that every test can have an address of its own."""
