"""What the daemon shows: whether it holds the files that lie on its host, and whether anybody builds."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from certkit.earthly import address
from certkit.pki import certificates, der
from certkit.probe import Pair as Shown
from certkit.probe import Target, activity, authorities, observed, run
from certkit.probe.activity import Activity
from certkit.probe.observed import CLIENT, NO_CERTIFICATE, Answer, ObservedAddress
from certkit.sync.news import News
from certkit.sync.place import Host, Pair

TIMEOUT = 5.0
"""Seconds that each step over the network may take."""


@dataclass(frozen=True)
class Held:
    """The newest files, as they lie on the host."""

    host: Host
    news: News
    certificate: x509.Certificate
    believed: tuple[x509.Certificate, ...]
    """The authorities by which the server was known in this round: amid a rotation it may still show a former one's."""

    @property
    def serial(self) -> str:
        """The serial number of the daemon's certificate."""
        return certificates.serial_text(self.certificate.serial_number)

    @property
    def mark(self) -> str:
        """What tells these files from all others."""
        return f"{self.news.label.number} {self.news.label.digest} {self.serial}"


def is_proven(held: Held, now: datetime) -> bool:
    """Tell whether the daemon, at every address of its name, serves its newest certificate and holds the anchors."""
    target = Target(
        held.news.url, "the team's server", authorities=held.news.authorities, pair=_shown(held.host.watcher)
    )
    found = run(target, {}, now, timeout=TIMEOUT).addresses
    looked_at = [each for each in found if observed.matters(each, found)]
    return bool(looked_at) and all(_shows(each, held) for each in looked_at)


def building(held: Held, now: datetime) -> Activity:
    """Ask the daemon whether anybody builds, by what it was told to let in last."""
    at = address.parse(held.news.url)
    return activity.activity(at, held.news.authorities, _shown(held.host.watcher), now, TIMEOUT)


def _shows(found: ObservedAddress, held: Held) -> bool:
    """Tell whether an address shows all that it should; only what an authenticated daemon says counts."""
    seen = found.exchanges.get(CLIENT)
    if seen is None or not seen.is_authenticated or seen.chain[:1] != (certificates.to_der(held.certificate),):
        return False
    expected = (*held.news.listed, der.subject(held.host.watcher.certificate))
    is_closed = found.exchanges[NO_CERTIFICATE].answer is Answer.REFUSED
    return is_closed and authorities.compare(seen.authorities, expected).is_equal


def _shown(pair: Pair) -> Shown:
    return Shown((pair.certificate,), pair.key)
