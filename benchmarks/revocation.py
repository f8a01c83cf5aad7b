"""What exclusions cost a daemon: python -m benchmarks.revocation (root, Linux, runc; a quiet machine)."""

import socket
import ssl
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.measure import say_row
from certkit.pki import certificates, keys, names
from certkit.trust import anchors
from tests import team as teams
from tests.daemons.daemon import Daemon
from tests.team import Team

EXCLUDED = [names.person_name(f"leaver{number}@acme.example", "acme") for number in range(1000)]
HANDSHAKES = 200


def sizes(team: Team) -> bytes:
    """Give the anchor with all exclusions; say how many bytes each of them takes in it."""
    authority = _client_authority(team)
    bare, full = anchors.bundle([authority], [], 1), anchors.bundle([authority], EXCLUDED, 1)
    say_row("ca.pem, for each exclusion", (len(full) - len(bare)) / len(EXCLUDED), "bytes", 75)
    return full


def handshakes(team: Team, anchor: bytes) -> None:
    """Time handshakes with two real daemons in turns, one of them with all exclusions."""
    excluding = team.folder / "excluding.pem"
    excluding.write_bytes(anchor)
    files = team.daemon.as_arguments()
    context = ssl.create_default_context(cafile=team.device.ca)
    context.load_cert_chain(team.device.cert, team.device.key)
    took: dict[str, list[float]] = {"none": [], "many": []}
    with closing(Daemon("earthly", **files)) as none, closing(Daemon("earthly", **files | {"ca": excluding})) as many:
        for _ in range(HANDSHAKES):
            took["none"].append(_handshake(none, context))
            took["many"].append(_handshake(many, context))
    plain, full = statistics.median(took["none"]), statistics.median(took["many"])
    what = f"a handshake with {len(EXCLUDED)} exclusions, times one with none ({full:.2f} ms against {plain:.2f})"
    say_row(what, full / plain, "times", 1.5)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        team = teams.found(Path(scratch))
        handshakes(team, sizes(team))


def _client_authority(team: Team) -> certificates.Authority:
    certificate = team.authority("client")
    key = certificate.with_name("key.pem").read_bytes()
    return certificates.Authority(certificates.load(certificate.read_bytes()), keys.load(key))


def _handshake(daemon: Daemon, context: ssl.SSLContext) -> float:
    """Give the milliseconds until the daemon has spoken: only then has it judged the certificate."""
    start = time.perf_counter()
    with (
        socket.create_connection((daemon.host, daemon.port)) as plain,
        context.wrap_socket(plain, server_hostname=daemon.host) as secure,
    ):
        if not secure.recv(1):
            raise RuntimeError(f"{daemon.url} said nothing")
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
