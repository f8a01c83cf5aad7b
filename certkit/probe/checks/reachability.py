"""Whether the daemon's host is known, and somebody listens there."""

from certkit.probe.network import Attempt, Network
from certkit.probe.stage import Found, Stage


def _summary(evidence: Network) -> str:
    reached = [f"{_where(tried)} in {tried.ms:.0f} ms" for tried in evidence.attempts if tried.is_reached]
    others = [f"{_where(tried)}: {_why_not(tried)}" for tried in evidence.attempts if not tried.is_reached]
    return ", ".join(reached) + (f" ({'; '.join(others)})" if others else "")


network = Stage("network", _summary)


@network.finding
def host_unresolved(evidence: Network) -> Found | None:
    """The host's name is not known here: mistyped, not yet published, or only known inside a VPN."""
    if not evidence.unresolved:
        return None
    host = evidence.address.host
    return Found(
        f"{host}: {evidence.unresolved}", f"check the name, the VPN and the name server:\n  getent hosts {host}"
    )


@network.finding
def nobody_listening(evidence: Network) -> Found | None:
    """The host is there, but nothing listens on this port: the daemon is down, or has another port."""
    if not _failed_by(evidence, ConnectionRefusedError):
        return None
    return Found(
        f"{_all(evidence)} refused the connection",
        f"check the port, and on {evidence.address.host} that the daemon runs:\n  docker ps; ss -ltn",
    )


@network.finding
def no_answer(evidence: Network) -> Found | None:
    """The host is down, a firewall swallows the connection, or the daemon is too busy to take it."""
    if not _failed_by(evidence, TimeoutError):
        return None
    return Found(
        f"{_all(evidence)} did not answer within {evidence.timeout:g} s",
        f"check that {evidence.address.host} is up, and that firewalls let TCP port {evidence.address.port} through",
    )


@network.finding
def host_unreachable(evidence: Network) -> Found | None:
    """There is no way to the host from here: this machine is offline, or a VPN is not connected."""
    errors = [tried.error for tried in evidence.attempts]
    if evidence.connection or not errors or any(isinstance(e, ConnectionRefusedError | TimeoutError) for e in errors):
        return None
    return Found(_summary(evidence).strip(" ()"), "check this machine's network and its VPN")


def _failed_by(evidence: Network, kind: type[OSError]) -> bool:
    """Tell whether no address was reached, and this is the reason that says most."""
    errors = [tried.error for tried in evidence.attempts]
    if evidence.connection or not any(isinstance(error, kind) for error in errors):
        return False
    return kind is ConnectionRefusedError or not any(isinstance(error, ConnectionRefusedError) for error in errors)


def _all(evidence: Network) -> str:
    return " and ".join(_where(tried) for tried in evidence.attempts)


def _where(attempt: Attempt) -> str:
    _, host, port = attempt.endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _why_not(attempt: Attempt) -> str:
    return (attempt.error.strerror or "no answer in time") if attempt.error else f"no answer after {attempt.ms:.0f} ms"
