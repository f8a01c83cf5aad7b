"""A team for the tests of trust: authorities, devices, a daemon's files, and what a daemon says to each device."""

import socket
import ssl
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from OpenSSL import SSL

from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from certkit.trust import anchors, canary, rotation
from certkit.trust.canary import Canary
from tests.daemons.daemon import HOST, Daemon

TEAM = "acme"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SERVED = "served"

ALERTS = {
    "SSLV3_ALERT_BAD_CERTIFICATE": 42,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": 44,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": 46,
    "TLSV1_ALERT_UNKNOWN_CA": 48,
}


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in files."""

    certificate: x509.Certificate
    cert: Path
    key: Path


@dataclass
class People:
    """Makes everything in one folder; `authorities` are the client authority's generations, by number."""

    folder: Path
    server: Authority = field(default_factory=lambda: authority("server", 1))
    authorities: dict[int, Authority] = field(default_factory=dict)

    def authority(self, generation: int = 1) -> Authority:
        """Return a generation of the client authority, made when it is first asked for."""
        if generation not in self.authorities:
            self.authorities[generation] = authority("client", generation)
        return self.authorities[generation]

    def device(self, person: str, device: str = "laptop", *, generation: int = 1) -> Pair:
        """Issue a device a certificate."""
        return self.named(names.device_name(device, person, TEAM), person, generation)

    def named(self, dns_name: str, person: str = "somebody", generation: int = 1) -> Pair:
        """Issue a client certificate for any DNS name."""
        key = keys.generate("p256")
        signed = certificates.device(
            self.authority(generation),
            key.public_key(),
            person=person,
            dns_name=dns_name,
            now=NOW,
            life=30 * DAY,
        )
        return self.pair(signed, key)

    def pair(self, certificate: x509.Certificate, key: keys.PrivateKey) -> Pair:
        """Write a certificate and its key."""
        stem = self.folder / certificates.fingerprint(certificate)[:23].replace(":", "")
        pair = Pair(certificate, stem.with_suffix(".pem"), stem.with_suffix(".key"))
        pair.cert.write_bytes(certificates.to_pem(certificate))
        pair.key.write_bytes(keys.to_pem(key))
        return pair

    def daemon_pair(self, signer: Authority | None = None) -> Pair:
        """Issue a daemon at HOST a certificate."""
        key = keys.generate("p256")
        signed = certificates.daemon(signer or self.server, key.public_key(), [names.parse_host(HOST)], NOW, 30 * DAY)
        return self.pair(signed, key)

    def file(self, name: str, content: bytes) -> Path:
        """Write a file of any kind."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    @property
    def tlsca(self) -> Path:
        """What laptops verify daemons by."""
        return self.file("tlsca.pem", certificates.to_pem(self.server.certificate))


def authority(role: rotation.Role, generation: int) -> Authority:
    """Make a generation of an authority under its own name."""
    name = rotation.common_name(TEAM, role, generation)
    return certificates.authority(KeySigner(keys.generate("p256")), name, NOW, 3650 * DAY)


def control_of(signer: Authority) -> Canary:
    """Make a control that is good for some minutes from now: the tests began much earlier, perhaps."""
    return canary.control(signer, TEAM, datetime.now(UTC))


def published(authorities: Sequence[Authority], excluded: Iterable[str] = (), number: int = 1) -> bytes:
    """Return a `ca.pem` in which every authority excludes the same names."""
    names_excluded = list(excluded)
    return anchors.ca_pem([(each, names_excluded) for each in authorities], TEAM, number)


def answer(port: int, pair: Pair, tlsca: Path) -> int | str:
    """Say what whoever listens at HOST answers to a certificate: SERVED, or the alert's number."""
    context = ssl.create_default_context(cafile=str(tlsca))
    context.load_cert_chain(pair.cert, pair.key)
    try:
        with (
            socket.create_connection((HOST, port), timeout=10) as raw,
            context.wrap_socket(raw, server_hostname=HOST) as connection,
        ):
            return SERVED if connection.recv(1) else "closed"
    except ssl.SSLError as error:
        return ALERTS.get(str(error.reason), str(error.reason))


def listed(port: int) -> list[x509.Name]:
    """Return the subjects that whoever listens at HOST shows in its CertificateRequest."""
    with socket.create_connection((HOST, port), timeout=10) as raw:
        connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), raw)
        raw.settimeout(None)
        connection.set_connect_state()
        connection.do_handshake()
        return connection.get_client_ca_list(as_cryptography=True)


def buildctl(daemon: Daemon, pair: Pair, tlsca: Path, url: str = "") -> bool:
    """Tell whether the daemon's own client is served, at another URL if there is one."""
    files = [f"--tlscacert={tlsca}", f"--tlscert={pair.cert}", f"--tlskey={pair.key}"]
    command: list[str | Path] = [
        daemon.programs.buildctl,
        "--timeout=5",
        f"--addr={url or daemon.url}",
        *files,
        "debug",
        "workers",
    ]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
