"""A team's authorities, and a bundle that they have signed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from certkit.enroll.bundle import Bundle, Daemon
from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DECADE = timedelta(days=3650)


@dataclass(frozen=True)
class Team:
    """Both authorities of a team called acme."""

    server: Authority
    client: Authority

    def device(self, public_key: keys.PublicKey, device: str = "laptop") -> x509.Certificate:
        """Sign a certificate for a device of Alice's."""
        name = names.device_name(device, "alice@acme.example", "acme")
        return certificates.device(
            self.client, public_key, person="alice@acme.example", dns_name=name, now=NOW, life=timedelta(days=365)
        )

    def bundle(self, *, key: keys.PrivateKey | None = None, daemons: tuple[Daemon, ...] = ()) -> Bundle:
        """Make a bundle for Alice's laptop."""
        key = key or keys.generate("p256")
        return Bundle(
            team="acme",
            person="alice@acme.example",
            device="laptop",
            daemons=daemons or (Daemon("build", "tcp://build.acme.example:8372"),),
            server_authorities=(self.server.certificate,),
            certificate=self.device(key.public_key()),
            key=key,
        )


@pytest.fixture(scope="session")
def team() -> Team:
    def made(role: str) -> Authority:
        return certificates.authority(KeySigner(keys.generate("p256")), f"acme {role} authority", NOW, DECADE)

    return Team(made("server"), made("client"))
