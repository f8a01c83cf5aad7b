"""What exclusions cost a daemon: python -m benchmarks.revocation (root, Linux, runc; a quiet machine)."""

import socket
import ssl
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import CERTKIT, at, costs, quietly, say_row
from certkit.ledger import file_url, open_ledger
from certkit.ledger.interface import Device, Person, Revocation
from certkit.pki import certificates, keys, names
from certkit.pki.signer import KeySigner
from certkit.trust import anchors
from tests import team as teams
from tests.daemons.daemon import Daemon
from tests.team import Team

PEOPLE = 10_000
REVOCATIONS = 15
LEAVERS = [f"leaver{number}@acme.example" for number in range(1000)]
STAYING = [f"staying{number}@acme.example" for number in range(PEOPLE - len(LEAVERS))]
EXCLUDED = [names.person_name(leaver, "acme") for leaver in LEAVERS]
HANDSHAKES = 200


def sizes(team: Team) -> bytes:
    """Return the anchor with all exclusions; say how many bytes each of them takes in it."""
    authority = _client_authority(team)
    bare, full = (anchors.ca_pem([(authority, excluded)], "acme", 1) for excluded in ([], EXCLUDED))
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


def revoking(team: Team) -> None:
    """Time `revoke` in a team of many, a tenth of whom have left."""
    _fill(team)
    took = costs(REVOCATIONS, revoke=at(team, CERTKIT, "revoke", "staying{run}@acme.example"))["revoke"]
    what = f"certkit revoke with {PEOPLE} people in the ledger and {len(EXCLUDED)} exclusions"
    say_row(what, took.ms, "ms", 1000)
    say_row("the same, peak memory", took.megabytes, "MB", 150)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        with quietly():
            team = teams.found(Path(scratch))
        handshakes(team, sizes(team))
        revoking(team)


def _client_authority(team: Team) -> certificates.Authority:
    certificate = team.authority("client")
    key = certificate.with_name("key.pem").read_bytes()
    return certificates.Authority(certificates.load(certificate.read_bytes()), KeySigner(keys.load(key)))


def _fill(team: Team) -> None:
    """Write the ledger as years of `issue` and `revoke` leave it; all certificates are copies of Alice's."""
    now = datetime.now(UTC)
    with closing(open_ledger(file_url(team.home / "ledger.sqlite"))) as ledger, ledger.transaction():
        [alice] = ledger.certificates("device")
        for number, name in enumerate([*LEAVERS, *STAYING], start=1):
            ledger.add_person(Person(name, names.label(name), now))
            ledger.add_device(Device(name, "laptop", "laptop", now))
            ledger.add_certificate(alice._replace(serial=f"{number:040x}", person=name, device="laptop"))
        for name in LEAVERS:
            ledger.set_person_revoked(name, Revocation(now, "affiliationChanged"))


def _handshake(daemon: Daemon, context: ssl.SSLContext) -> float:
    """Return the milliseconds until the daemon has negotiated: only then has it judged the certificate."""
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
