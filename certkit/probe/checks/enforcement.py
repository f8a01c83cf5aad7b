"""Whether the daemon refuses everyone else: whoever gets in may run anything there."""

from dataclasses import dataclass

from certkit.probe import alerts
from certkit.probe.alerts import describe
from certkit.probe.checks.tls import MUTUAL
from certkit.probe.handshake import Handshake, Outcome
from certkit.probe.stage import Found, Stage

NO_CERTIFICATE = "no certificate"
IMPOSTOR = "impostor"
CANARY = "canary"
"""The strangers: somebody without a certificate, somebody with one made up, somebody with one that is revoked."""

RESTART = "copy the daemon's ca.pem to its host and restart it: buildkitd reads it only at its start"


@dataclass(frozen=True)
class Enforcement:
    """What came of each stranger's handshake."""

    strangers: dict[str, Handshake]


def _summary(evidence: Enforcement) -> str:
    return "refuses strangers: " + ", ".join(evidence.strangers)


enforcement = Stage("enforcement", _summary)


@enforcement.finding
def anyone_let_in(evidence: Enforcement) -> Found | None:
    """THE DAEMON IS OPEN TO EVERYBODY.

    Anyone who reaches this port can run anything there as root, read every build and its secrets, and poison
    the cache that everybody builds from.
    """
    if not is_let_in(evidence, NO_CERTIFICATE):
        return None
    return Found(
        "the daemon serves somebody who shows no certificate at all",
        f"close the port now, and restart the daemon with the flag that it lacks, --tlscacert:\n  buildkitd {MUTUAL}",
    )


@enforcement.finding
def impostor_let_in(evidence: Enforcement) -> Found | None:
    """THE DAEMON IS OPEN TO EVERYBODY.

    It asks for a certificate and believes any: whoever makes one up, in anybody's name, can run anything there
    as root.
    """
    if not is_let_in(evidence, IMPOSTOR) or is_let_in(evidence, NO_CERTIFICATE):
        return None
    return Found(
        "the daemon serves somebody whose certificate was made up a moment ago",
        f"close the port now, and let buildkitd itself verify, not a proxy before it:\n  buildkitd {MUTUAL}",
    )


@enforcement.finding
def canary_let_in(evidence: Enforcement) -> Found | None:
    """The daemon does not hold the newest anchor: whoever was revoked since still gets in."""
    if not is_let_in(evidence, CANARY) or is_let_in(evidence, NO_CERTIFICATE):
        return None
    return Found(
        "the daemon serves a certificate that is revoked",
        RESTART,
    )


@enforcement.finding
def canary_unproven(evidence: Enforcement) -> Found | None:
    """The daemon does not know the newest authority, or a clock is off: it may still let in who has been revoked."""
    handshake = evidence.strangers.get(CANARY)
    if handshake is None or not _is_refused(handshake) or handshake.alert in alerts.REVOKED:
        return None
    return Found(
        f"the daemon refuses a certificate that is revoked, but for another reason: {describe(handshake.alert)}",
        f"compare both clocks; {RESTART}",
    )


@enforcement.finding
def enforcement_unknown(evidence: Enforcement) -> Found | None:
    """It could not be told whether the daemon refuses strangers, so do not take it for safe."""
    if is_clear(evidence) or is_let_in(evidence, NO_CERTIFICATE):
        return None
    return Found(told(evidence), "probe again; if it stays so, look for a proxy or a firewall before the daemon")


def is_clear(evidence: Enforcement) -> bool:
    """Tell whether every stranger was plainly let in or plainly refused: only an alert about certificates is a refusal.

    That there is no certificate is no answer to one: it was not sent, where a server takes none of the impostor's kind.
    """
    shown = evidence.strangers.get(IMPOSTOR)
    if shown and shown.alert in (alerts.CERTIFICATE_REQUIRED, alerts.HANDSHAKE_FAILURE):
        return False
    return all(each.outcome is Outcome.SERVED or _is_refused(each) for each in evidence.strangers.values())


def is_let_in(evidence: Enforcement, stranger: str) -> bool:
    """Tell whether a stranger was served."""
    handshake = evidence.strangers.get(stranger)
    return handshake is not None and handshake.outcome is Outcome.SERVED


def _is_refused(handshake: Handshake) -> bool:
    if handshake.outcome is not Outcome.REFUSED:
        return False
    # In TLS 1.2 a missing certificate is a handshake_failure, as many other things are: it counts once the
    # daemon has asked for a certificate.
    is_failure = handshake.alert == alerts.HANDSHAKE_FAILURE and bool(handshake.negotiated.accepted)
    return is_failure or handshake.alert in alerts.ABOUT_CERTIFICATE


def told(evidence: Enforcement) -> str:
    """Say what came of each stranger."""
    return "; ".join(f"{name}: {_outcome(handshake)}" for name, handshake in evidence.strangers.items())


def _outcome(handshake: Handshake) -> str:
    return describe(handshake.alert) if handshake.outcome is Outcome.REFUSED else handshake.outcome.value
