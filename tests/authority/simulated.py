"""Daemons without sockets: each holds the files that it was given, and answers a check by Go's rules (`go_rules`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.authority.home import ANCHORS, CERTIFICATE
from certkit.pki import certificates, der
from certkit.probe import Pair, Report, Target
from certkit.probe.alerts import UNKNOWN_CA
from certkit.probe.observed import (
    CANARY,
    CLIENT,
    CONTROL,
    IMPOSTOR,
    NO_CERTIFICATE,
    TLS_1_3,
    Exchange,
    ObservedAddress,
    Outcome,
)
from certkit.trust import go_rules
from certkit.trust.go_rules import Refusal

BAD_CERTIFICATE, EXPIRED, NONE_SENT = 42, 45, 116
ALERTS = {
    Refusal.UNKNOWN_ISSUER: UNKNOWN_CA,
    Refusal.EXPIRED: EXPIRED,
    Refusal.NOT_YET_VALID: EXPIRED,
}
"""How Go tells a client why it is refused; by BAD_CERTIFICATE where nothing is said here."""


@dataclass(frozen=True)
class Held:
    """The files with which a daemon was started last."""

    ca: bytes = field(repr=False)
    leaf: bytes = field(repr=False)

    @classmethod
    def of(cls, folder: Path) -> "Held":
        """Copy what lies in a daemon's folder of a home."""
        return cls((folder / ANCHORS).read_bytes(), (folder / CERTIFICATE).read_bytes())

    @property
    def anchors(self) -> list[x509.Certificate]:
        """All that it trusts, the label too."""
        return certificates.load_all(self.ca)


@dataclass
class Simulated:
    """All daemons, by their URLs; each remembers all files that it ever had."""

    held: dict[str, Held] = field(default_factory=dict)
    former: dict[str, list[Held]] = field(default_factory=dict)

    def start(self, url: str, files: Held) -> None:
        """Start a daemon with these files."""
        self.held[url] = files
        self.former.setdefault(url, []).append(files)

    def run(
        self,
        target: Target,
        _environ: Mapping[str, str],
        now: datetime,
        *,
        timeout: float,
        canary: Pair | None,
        control: Pair | None,
    ) -> Report:
        """Stand in for `probe.run`."""
        assert timeout
        url = target.url
        held = self.held.get(url)
        if held is None:
            return Report(url, "", (), (ObservedAddress("10.0.0.1:8372", error="Connection refused"),))
        base = _handshake(held, target, now)
        exchanges: dict[str, Exchange] = {
            CLIENT: base._replace(alert=NONE_SENT),
            NO_CERTIFICATE: base._replace(alert=NONE_SENT),
            IMPOSTOR: base._replace(alert=UNKNOWN_CA),
            CANARY: _answer(base, held, canary, now),
        }
        if control:
            exchanges[CONTROL] = _answer(base, held, control, now)
        return Report(url, "", (), (ObservedAddress("10.0.0.1:8372", is_reached=True, exchanges=exchanges),))


def _handshake(held: Held, target: Target, now: datetime) -> Exchange:
    leaf = certificates.load(held.leaf)
    believed = go_rules.refusal(leaf, target.authorities or (), now, ExtendedKeyUsageOID.SERVER_AUTH) is None
    return Exchange(
        Outcome.REFUSED if believed else Outcome.UNVERIFIED,
        version=TLS_1_3,
        is_authenticated=believed,
        is_of_known_authority=believed,
        chain=(certificates.to_der(leaf),),
        authorities=tuple(map(der.subject, held.anchors)),
    )


def _answer(base: Exchange, held: Held, caller: Pair | None, now: datetime) -> Exchange:
    if caller is None or not base.is_authenticated:
        return base._replace(alert=NONE_SENT)
    refused = go_rules.refusal(caller.chain[0], held.anchors, now)
    if refused is None:
        return base._replace(outcome=Outcome.SERVED, alert=None)
    return base._replace(alert=ALERTS.get(refused, BAD_CERTIFICATE))
