"""What takes part in a probe: authorities, a daemon's and a client's files, good ones and every kind of bad ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from certkit.probe import Report, run
from certkit.probe.target import Given, Target, choose
from tests.daemons.daemon import HOST
from tests.team import Files

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
ANCIENT = NOW - 800 * DAY
NAME = "build.test"


def authority(name: str, made: datetime = ANCIENT) -> Authority:
    """Make an authority that is valid for ten years."""
    return certificates.authority(KeySigner(keys.generate("p256")), name, made, 3650 * DAY)


@dataclass(frozen=True)
class Pki:
    """A team's two authorities, and a folder for files."""

    folder: Path
    server: Authority
    client: Authority

    def daemon_files(
        self,
        *,
        signer: Authority | None = None,
        made: datetime = NOW,
        life: timedelta = 365 * DAY,
        hosts: Sequence[str] = (HOST, "::1", "127.0.0.1", NAME),
    ) -> Files:
        """Write what a daemon is started with."""
        key = keys.generate("p256")
        parsed = [names.parse_host(host) for host in hosts]
        cert = certificates.daemon(signer or self.server, key.public_key(), parsed, made, life)
        return self.write("daemon", [self.client.certificate], cert, key)

    def client_files(
        self, *, signer: Authority | None = None, made: datetime = NOW, life: timedelta = 365 * DAY
    ) -> Files:
        """Write what a laptop uses."""
        key = keys.generate("p256")
        return self.write("client", [self.server.certificate], self.device(key, signer, made, life), key)

    def device(
        self, key: keys.PrivateKey, signer: Authority | None, made: datetime, life: timedelta
    ) -> x509.Certificate:
        """Sign Alice's certificate."""
        return certificates.device(
            signer or self.client,
            key.public_key(),
            person="alice@acme.example",
            dns_name="laptop.alice.acme.certkit.internal",
            now=made,
            life=life,
        )

    def below(self, signer: Authority, name: str) -> Authority:
        """Make an authority that another has signed."""
        made = authority(name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(made.certificate.subject)
            .issuer_name(signer.certificate.subject)
            .public_key(made.certificate.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ANCIENT)
            .not_valid_after(NOW + 365 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        )
        return made._replace(certificate=signer.signer.sign_certificate(builder))

    def write(self, name: str, ca: Sequence[x509.Certificate], cert: x509.Certificate, key: keys.PrivateKey) -> Files:
        """Write three files into a new folder."""
        folder = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        files = Files.of(folder)
        for path, content in (
            (files.ca, b"".join(map(certificates.to_pem, ca))),
            (files.cert, certificates.to_pem(cert)),
            (files.key, keys.to_pem(key)),
        ):
            path.write_bytes(content)
            path.chmod(0o600)
        return files


def target(url: str, files: Files, server_name: str | None = None) -> Target:
    """Name everything explicitly."""
    return choose(Given(url, files.ca, files.cert, files.key, server_name), None, [], [], {})


def probe(
    url: str, files: Files, *, server_name: str | None = None, now: datetime = NOW, timeout: float = 5.0
) -> Report:
    """Probe what is named explicitly."""
    return run(target(url, files, server_name), {}, now, timeout=timeout)


def ids(report: Report) -> list[str]:
    """Return the findings' names."""
    return [finding.id for finding in report.findings]


def stage(report: Report, title: str) -> str:
    """Return the status of a stage's first line."""
    return next(check.status for check in report.checks if check.title == title)


def swapped(files: Files, **others: Path) -> Files:
    """Return the same files but for those named."""
    return replace(files, **others)
