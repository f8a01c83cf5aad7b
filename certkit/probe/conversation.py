"""Everything that is said to one daemon: by the client itself, and by strangers beside it."""

import socket
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from certkit.probe import background, impostor
from certkit.probe.checks.admission import tls
from certkit.probe.checks.enforcement import (
    CANARY,
    IMPOSTOR,
    NO_CERTIFICATE,
    Enforcement,
    enforcement,
    is_clear,
    is_let_in,
    told,
)
from certkit.probe.checks.tls import Tls, is_of_known_authority
from certkit.probe.credentials import Credentials, Pair
from certkit.probe.elapsed import ms_since
from certkit.probe.handshake import Caller, Handshake, Outcome, ask_plainly, attempt_handshake
from certkit.probe.network import Endpoint
from certkit.probe.report import Check, skipped
from certkit.probe.transport import Trust

if TYPE_CHECKING:
    from concurrent.futures import Future

FAULTS = ("certificate-expired", "certificate-not-yet-valid", "certificate-not-for-clients", "chain-broken")
"""The findings about the client's certificate for which every daemon refuses it."""

Strangers = dict[str, "Future[Handshake]"]


@dataclass(frozen=True)
class Conversation:
    """One daemon that has been reached, and who speaks with it."""

    endpoint: Endpoint
    connected: socket.socket
    server_name: str
    """The name that its certificate must bear."""
    credentials: Credentials
    canary: Pair | None
    faults: frozenset[str]
    """What was found to be wrong with the files."""
    needs_alpn: bool
    now: datetime
    timeout: float

    @property
    def trust(self) -> Trust | None:
        """Whom the client believes."""
        authorities = self.credentials.ca.content
        return Trust(authorities, self.now) if authorities else None


def hold(talk: Conversation) -> list[Check]:
    """Speak with the daemon; gives the checks of the last three stages."""
    strangers = _start_strangers(talk)
    if talk.trust is None:
        talk.connected.close()
        reason = "there is no authority to tell the daemon by"
        return [*tls.skip(reason), skipped("BuildKit", reason), *_judge_strangers(strangers, None)]
    caller = Caller(talk.server_name, talk.credentials.pair, talk.trust)
    shaking = background.start(lambda: attempt_handshake(talk.endpoint, caller, talk.timeout, talk.connected))
    import certkit.probe.checks.buildkitd  # noqa: F401  gRPC takes as long to import as the handshakes take

    handshake = shaking.result()
    return [
        *tls.judge(_evidence(talk, caller, handshake), handshake.ms),
        *_ask_buildkit(talk, handshake),
        *_judge_strangers(strangers, handshake),
    ]


def _start_strangers(talk: Conversation) -> Strangers:
    """Start the handshakes that must be refused.

    A made-up certificate bears the client's names, so it is shown only to whom the client believes; so is the canary.
    """
    callers = {NO_CERTIFICATE: Caller(talk.server_name, None, None)}
    own = talk.credentials.cert.content
    if own and talk.trust:
        callers[IMPOSTOR] = Caller(talk.server_name, impostor.forge(own[0], talk.now), talk.trust)
    if talk.canary and talk.trust:
        callers[CANARY] = Caller(talk.server_name, talk.canary, talk.trust)
    return {name: _start(talk, caller) for name, caller in callers.items()}


def _start(talk: Conversation, caller: Caller) -> "Future[Handshake]":
    def call_and_leave() -> Handshake:
        handshake = attempt_handshake(talk.endpoint, caller, talk.timeout)
        if handshake.connection:
            handshake.connection.close()
        return handshake

    return background.start(call_and_leave)


def _evidence(talk: Conversation, caller: Caller, handshake: Handshake) -> Tls:
    unheard = handshake.outcome in (Outcome.SILENT, Outcome.CLOSED) and not handshake.first
    return Tls(
        server_name=talk.server_name,
        authorities=caller.trust.authorities if caller.trust else (),
        pair=caller.pair,
        fault=next((fault for fault in FAULTS if fault in talk.faults), ""),
        handshake=handshake,
        plain=ask_plainly(talk.endpoint, talk.timeout) if unheard else b"",
        now=talk.now,
        needs_alpn=talk.needs_alpn,
    )


def _ask_buildkit(talk: Conversation, handshake: Handshake) -> list[Check]:
    if handshake.outcome is not Outcome.SERVED:
        return [skipped("BuildKit", "not reached")]
    from certkit.probe.buildkit import ask
    from certkit.probe.checks.buildkitd import buildkit

    started = time.monotonic()
    _, _, port = talk.endpoint
    found = ask(handshake, f"{talk.server_name}:{port}", talk.timeout)
    return buildkit.judge(found, ms_since(started))


def _judge_strangers(strangers: Strangers, handshake: Handshake | None) -> list[Check]:
    """Judge what came of the strangers beside the client's own handshake.

    What somebody else's server lets in says nothing about the daemon; nor does what is unclear where nobody is served.
    """
    evidence = Enforcement({name: waiting.result() for name, waiting in strangers.items()})
    if handshake is None or not is_of_known_authority(handshake):
        return enforcement.skip("not determined: it cannot be told whether this is the team's daemon")
    results = evidence.strangers.values()
    is_open = any(is_let_in(evidence, name) for name in evidence.strangers)
    is_settled = IMPOSTOR in evidence.strangers and is_clear(evidence)
    if not (is_open or is_settled or handshake.outcome is Outcome.SERVED):
        return enforcement.skip("not determined: " + told(evidence))
    return enforcement.judge(evidence, max(result.ms for result in results))
