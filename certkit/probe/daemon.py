"""The last three stages, for a daemon that was reached: TLS, BuildKit, enforcement, at each of its addresses."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from certkit.probe import background, callers
from certkit.probe.callers import Calls, Identities
from certkit.probe.checks.enforcement import Enforcement, enforcement, is_clear, is_open, told
from certkit.probe.checks.tls import Tls, tls
from certkit.probe.elapsed import ms_since
from certkit.probe.handshake import Handshake, ask_plainly
from certkit.probe.network import Endpoint, Network
from certkit.probe.observed import CLIENT, IMPOSTOR, ObservedAddress, Outcome
from certkit.probe.report import Check, skipped
from certkit.probe.target import Chain
from certkit.probe.transport import Trust

if TYPE_CHECKING:
    from concurrent.futures import Future

FAULTS = (
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-not-for-clients",
    "certificate-extension-unknown",
    "chain-broken",
    "certificate-name-unreadable",  # the last: it is refused for it only while somebody is revoked
)
"""The findings about the client's certificate for which daemons refuse it."""


class Daemon(NamedTuple):
    """One daemon that has been reached at one address or more, and what is needed to probe it."""

    found: Network
    server_name: str
    """The name that its certificate must bear."""
    authorities: Chain
    """The authorities that may vouch for it."""
    identities: Identities
    faults: frozenset[str]
    """What was found to be wrong with the files."""
    needs_alpn: bool
    listed: tuple[bytes, ...] | None
    """What the newest publication makes it list; None where that is not known."""
    now: datetime
    timeout: float


def probe_daemon(daemon: Daemon) -> tuple[list[Check], tuple[ObservedAddress, ...]]:
    """Return the checks of the last three stages, and what they were judged by."""
    if not daemon.authorities:
        for connection in daemon.found.connections.values():
            connection.close()
        reason = "there is no authority to tell the daemon by"
        return [skipped(title, reason) for title in ("TLS", "BuildKit", "enforcement")], ()
    trust = Trust(daemon.authorities, daemon.now)
    found = callers.callers(daemon.server_name, daemon.identities, trust, daemon.now)
    calls = {
        endpoint: callers.start(endpoint, found, daemon.timeout, connection)
        for endpoint, connection in daemon.found.connections.items()
    }
    preparing = background.start(import_grpc)
    first, *others = calls.items()
    checks = [*_judge_tls(daemon, *first, others), *_ask_buildkit(daemon, *first, preparing)]
    addresses = callers.observed(daemon.found, calls)
    checks += _judge_enforcement(addresses, daemon.listed)
    for each in calls.values():
        callers.hang_up(each)
    return checks, addresses


def _judge_tls(daemon: Daemon, endpoint: Endpoint, calls: Calls, others: list[tuple[Endpoint, Calls]]) -> list[Check]:
    """Judge the first address in full, and the others by what is wrong there and not at the first."""
    handshake = calls[CLIENT].result()
    checks = tls.judge(_evidence(daemon, endpoint, handshake), handshake.ms)
    known = {check.id for check in checks}
    more = []
    places = {tried.endpoint: tried.place for tried in daemon.found.attempts}
    for other, others_calls in others:
        theirs = others_calls[CLIENT].result()
        found = tls.found(_evidence(daemon, other, theirs), theirs.ms, where=f"at {places[other]}: ")
        more += [check for check in found if check.id not in known]
        known |= {check.id for check in found}
    is_well = all(check.status == "ok" for check in checks)
    return more if more and is_well else checks + more


def _evidence(daemon: Daemon, endpoint: Endpoint, handshake: Handshake) -> Tls:
    unheard = handshake.outcome in (Outcome.SILENT, Outcome.CLOSED) and not handshake.first
    return Tls(
        server_name=daemon.server_name,
        authorities=daemon.authorities,
        pair=daemon.identities.own,
        fault=next((fault for fault in FAULTS if fault in daemon.faults), ""),
        handshake=handshake,
        plain=ask_plainly(endpoint, daemon.timeout) if unheard and not handshake.is_finished else b"",
        now=daemon.now,
        needs_alpn=daemon.needs_alpn,
    )


def _ask_buildkit(daemon: Daemon, endpoint: Endpoint, calls: Calls, preparing: "Future[None]") -> list[Check]:
    handshake = calls[CLIENT].result()
    if handshake.outcome is not Outcome.SERVED:
        return [skipped("BuildKit", "not reached")]
    preparing.result()
    # Imported by `import_grpc` while the handshakes are awaited.
    from certkit.probe.buildkit import ask
    from certkit.probe.checks.buildkitd import buildkit

    started = time.monotonic()
    _, _, port = endpoint
    answers = ask(handshake, f"{daemon.server_name}:{port}", daemon.timeout)
    return buildkit.judge(answers, ms_since(started))


def import_grpc() -> None:
    """Import what asks BuildKit: gRPC takes as long to import as the handshakes take."""
    import certkit.probe.checks.buildkitd  # noqa: F401


def _judge_enforcement(addresses: tuple[ObservedAddress, ...], listed: tuple[bytes, ...] | None) -> list[Check]:
    """Judge what came of the strangers at every address that was reached.

    What somebody else's server lets in says nothing about the daemon; nor does what is unclear where nobody is served.
    """
    reached = {each.address: each.exchanges for each in addresses if each.is_reached}
    judged = {
        where: {name: each for name, each in exchanges.items() if name != CLIENT}
        for where, exchanges in reached.items()
        if exchanges[CLIENT].is_of_known_authority
    }
    if not judged:
        return enforcement.skip("not determined: it cannot be told whether this is the team's daemon")
    evidence = Enforcement(judged, listed)
    settled = [is_open(each) or (IMPOSTOR in each and is_clear(each)) for each in judged.values()]
    is_served = any(exchanges[CLIENT].outcome is Outcome.SERVED for exchanges in reached.values())
    if not is_served and not all(settled) and not any(map(is_open, judged.values())):
        return enforcement.skip("not determined: " + told(judged))
    return enforcement.judge(evidence, max(each.ms for found in judged.values() for each in found.values()))
