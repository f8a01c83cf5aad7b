"""What the TLS stage judges: the client's own handshake with the daemon."""

from datetime import datetime
from typing import NamedTuple

from certkit.probe.handshake import Handshake
from certkit.probe.observed import Outcome
from certkit.probe.target import Chain, Pair


class Tls(NamedTuple):
    """One handshake with the daemon, and what is needed to judge it."""

    server_name: str
    authorities: Chain
    pair: Pair | None
    """What was shown to the daemon."""
    fault: str
    """The finding about that certificate for which every daemon refuses it; empty if there is none."""
    handshake: Handshake
    plain: bytes
    """What the daemon answers to plaintext, if it was asked because TLS came to nothing."""
    now: datetime
    needs_alpn: bool = False
    """Whether the client may refuse a daemon that negotiates no ALPN."""

    @property
    def outcome(self) -> Outcome:
        """How far the handshake came."""
        return self.handshake.outcome

    @property
    def first_words(self) -> bytes:
        """What the daemon says that is not TLS with HTTP/2 in it."""
        strange = self.outcome in (Outcome.NOT_TLS, Outcome.STRANGE)
        return self.handshake.first if strange else self.plain
