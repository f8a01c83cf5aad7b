"""What was observed of a daemon at one of its addresses, as data: how each caller fared, and what the server said.

A verdict about a daemon counts only if its server was authenticated first, so the rule for that stands here too.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from certkit.probe import alerts


class Who(enum.StrEnum):
    """Who calls at a daemon."""

    CLIENT = "client"
    """Who was probed for: the caller with the target's own certificate, if there is one."""
    NO_CERTIFICATE = "no-certificate"
    IMPOSTOR = "impostor"
    CANARY = "canary"
    """The strangers: somebody without a certificate, somebody with one made up, somebody with one that is revoked."""
    CONTROL = "control"
    """Somebody who differs from the canary in nothing but that their name is not excluded: to be let in."""

    @property
    def words(self) -> str:
        """The value as people read it."""
        return self.value.replace("-", " ")


CLIENT, NO_CERTIFICATE, IMPOSTOR, CANARY, CONTROL = Who

TLS_1_3 = "TLSv1.3"


class Outcome(enum.StrEnum):
    """How far a handshake went."""

    SERVED = "served"
    STRANGE = "strange"
    REFUSED = "refused"
    UNVERIFIED = "unverified"
    NOT_TLS = "not-tls"
    SILENT = "silent"
    CLOSED = "closed"
    FAILED = "failed"

    @property
    def words(self) -> str:
        """What was seen, as people read it."""
        return _OUTCOMES[self]


_OUTCOMES = {
    Outcome.SERVED: "the server speaks HTTP/2 to this client",
    Outcome.STRANGE: "the server speaks something else over TLS",
    Outcome.REFUSED: "the server sent a fatal alert",
    Outcome.UNVERIFIED: "the server's certificate is not to be believed",
    Outcome.NOT_TLS: "the server does not speak TLS",
    Outcome.SILENT: "the server says nothing, or not enough in time",
    Outcome.CLOSED: "the server ended the connection without a word",
    Outcome.FAILED: "TLS failed on this side",
}


class Answer(enum.StrEnum):
    """What a daemon has answered to a caller."""

    SERVED = "served"
    REFUSED = "refused"
    NOT_DETERMINED = "not-determined"


class Doubt(enum.StrEnum):
    """Why an answer is not determined."""

    UNAUTHENTICATED = "unauthenticated"
    """An alert came before the server had proven that it is the daemon: anybody on the network can send one."""
    OLD_TLS = "old-tls"
    """An alert came in TLS 1.2, where it is not protected: anybody on the network can send one."""
    OTHER_ALERT = "other-alert"
    """The daemon sent an alert that is not about certificates."""
    UNVERIFIED = "unverified"
    """The server's certificate is not to be believed."""
    NO_ALERT = "no-alert"
    """There was no alert at all: silence, an end without a word, or something that is not HTTP/2 over TLS."""


class Exchange(NamedTuple):
    """What came of one caller's handshake."""

    outcome: Outcome
    alert: int | None = None
    """The number of the fatal alert (RFC 8446, section 6), whoever has sent it."""
    version: str = ""
    """`TLSv1.3`; empty if none was agreed upon."""
    is_authenticated: bool = False
    """Whether this side had finished the handshake with a verified server: chain, name and Finished."""
    is_of_known_authority: bool = True
    """False if no trusted authority has vouched for the server's certificate, ever; True also before it was seen."""
    chain: tuple[bytes, ...] = ()
    """The server's certificates as they came, DER, its own first."""
    authorities: tuple[bytes, ...] = ()
    """The client authorities that it accepts: DER of their names, in its order, each as often as it names it."""
    ms: float = 0.0
    without_tickets: bool = False
    """Whether it was served only in TLS 1.2 without tickets, after the server had hung up in TLS 1.3.

    Go 1.21 and later puts the verified chain, anchor included, into its TLS 1.3 ticket, fails above 64 KiB and hangs
    up.
    """

    @property
    def answer(self) -> Answer:
        """What the daemon has answered.

        A refusal is one only after the client has finished a TLS 1.3 handshake: before that, and in TLS 1.2, an alert
        is the word of whoever sits on the network. Being served needs no such care: nobody else could do it.
        """
        if self.doubt:
            return Answer.NOT_DETERMINED
        return Answer.SERVED if self.outcome is Outcome.SERVED else Answer.REFUSED

    @property
    def doubt(self) -> Doubt | None:
        """Why there is no answer; None if there is one."""
        if self.outcome is Outcome.UNVERIFIED or not self.is_of_known_authority:
            return Doubt.UNVERIFIED
        if self.outcome is Outcome.SERVED:
            return None
        return self._doubt_of_alert if self.outcome is Outcome.REFUSED else Doubt.NO_ALERT

    @property
    def _doubt_of_alert(self) -> Doubt | None:
        if self.version and self.version != TLS_1_3:
            return Doubt.OLD_TLS
        if not self.is_authenticated:
            return Doubt.UNAUTHENTICATED
        return None if self.alert in alerts.ABOUT_CERTIFICATE else Doubt.OTHER_ALERT


class ObservedAddress(NamedTuple):
    """One address of a daemon's name."""

    address: str
    """`10.0.0.2:8372` or `[fd00::2]:8372`."""
    is_ipv6: bool = False
    is_reached: bool = False
    error: str = ""
    """Why it was not reached, in the system's words."""
    exchanges: Mapping[str, Exchange] = MappingProxyType({})
    """By the caller's name: CLIENT, NO_CERTIFICATE and so on; those that were tried."""


def matters(address: ObservedAddress, addresses: "tuple[ObservedAddress, ...]") -> bool:
    """Tell whether it matters that an address was not reached: not if its whole family is out of reach from here."""
    return address.is_reached or any(each.is_reached and each.is_ipv6 == address.is_ipv6 for each in addresses)
