"""Whether it is BuildKit that answers over this TLS, and is well."""

from certkit.probe.buildkit import BuildKit
from certkit.probe.stage import Found, Stage

LOGS = "see what the daemon says, on its host:\n  docker logs buildkitd-NAME"

_NOT_THERE = frozenset({"UNIMPLEMENTED", "UNKNOWN", "INTERNAL", "NOT_FOUND"})
"""What gRPC makes of an answer that is not the service's."""


def _summary(evidence: BuildKit) -> str:
    parts = [f"{evidence.version or 'of unknown version'} ({evidence.flavour})", " ".join(evidence.platforms)]
    if evidence.limit:
        parts.append(f"{evidence.building} of at most {evidence.limit} builds running")
    return ", ".join(filter(None, parts))


buildkit = Stage("BuildKit", _summary)


@buildkit.finding
def not_buildkit(evidence: BuildKit) -> Found | None:
    """Something answers over this TLS, but it does not know BuildKit's services."""
    status, details = evidence.errors.get("workers", ("", ""))
    if status not in _NOT_THERE:
        return None
    return Found(f"ListWorkers: {status} {details}".strip(), "check the URL's host and port, and proxies in between")


@buildkit.finding
def no_grpc_answer(evidence: BuildKit) -> Found | None:
    """The daemon took the connection and its answer does not come: it hangs, is overloaded, or is no BuildKit."""
    if evidence.errors.get("workers", ("", ""))[0] != "DEADLINE_EXCEEDED":
        return None
    return Found("ListWorkers was not answered in time", LOGS)


@buildkit.finding
def grpc_failed(evidence: BuildKit) -> Found | None:
    """The daemon took the connection and did not answer what Earthly asks first."""
    status, details = evidence.errors.get("workers", ("", ""))
    if status in _NOT_THERE or status in ("", "DEADLINE_EXCEEDED"):
        return None
    return Found(f"ListWorkers: {status} {details}".strip(), LOGS)


@buildkit.finding
def not_serving(evidence: BuildKit) -> Found | None:
    """The daemon itself says that it is not healthy."""
    if evidence.is_serving:
        return None
    return Found("grpc.health.v1: NOT_SERVING", LOGS)
