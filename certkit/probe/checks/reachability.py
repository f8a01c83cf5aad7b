"""Whether the daemon's host is known, and somebody listens there."""

from certkit.probe.network import Network
from certkit.probe.stage import Found, Stage, finding


def _summary(evidence: Network) -> str:
    reached = [f"{tried.place} in {tried.ms:.0f} ms" for tried in evidence.attempts if tried.is_reached]
    others = [
        f"{tried.place}: {tried.why_not}"
        for tried in evidence.attempts
        if not tried.is_reached and not (reached and tried.error is None)  # which merely lost the race
    ]
    if evidence.left_out:
        others.append(f"{evidence.left_out} more addresses were not looked at")
    return ", ".join(reached) + (f" ({'; '.join(others)})" if others else "")


@finding("The host's name is not known here: mistyped, not yet published, or only known inside a VPN.")
def host_unresolved(evidence: Network) -> Found | None:
    if not evidence.unresolved:
        return None
    host = evidence.address.host
    return Found(f"{host}: {evidence.unresolved}", host=host)


@finding("The host is there, but nothing listens on this port: the daemon is down, or has another port.")
def nobody_listening(evidence: Network) -> Found | None:
    if not _failed_by(evidence, ConnectionRefusedError):
        return None
    return Found(f"{_all(evidence)} refused the connection", host=evidence.address.host)


@finding("The host is down, a firewall swallows the connection, or the daemon is too busy to take it.")
def no_answer(evidence: Network) -> Found | None:
    if not _failed_by(evidence, TimeoutError):
        return None
    return Found(
        f"{_all(evidence)} did not answer within {evidence.timeout:g} s",
        host=evidence.address.host,
        port=evidence.address.port,
    )


@finding("There is no route to the host from here: this machine is offline, or a VPN is not connected.")
def host_unreachable(evidence: Network) -> Found | None:
    errors = [tried.error for tried in evidence.attempts]
    if evidence.connections or not errors or any(isinstance(e, ConnectionRefusedError | TimeoutError) for e in errors):
        return None
    return Found(_summary(evidence).strip(" ()"))


network = Stage(
    "network",
    "Resolve the host, and connect to each of its addresses at once.",
    _summary,
    findings=(host_unresolved, nobody_listening, no_answer, host_unreachable),
)


def _failed_by(evidence: Network, kind: type[OSError]) -> bool:
    """Tell whether no address was reached, and this is the reason that says most."""
    errors = [tried.error for tried in evidence.attempts]
    if evidence.connections or not any(isinstance(error, kind) for error in errors):
        return False
    return kind is ConnectionRefusedError or not any(isinstance(error, ConnectionRefusedError) for error in errors)


def _all(evidence: Network) -> str:
    return " and ".join(tried.place for tried in evidence.attempts)
