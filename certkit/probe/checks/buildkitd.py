"""Whether it is BuildKit that answers over this TLS, and is well."""

from certkit.probe.buildkit import BuildKit
from certkit.probe.stage import Found, Stage, finding

_NOT_THERE = frozenset({"UNIMPLEMENTED", "UNKNOWN", "INTERNAL", "NOT_FOUND"})
"""What gRPC makes of an answer that is not the service's."""


def _summary(evidence: BuildKit) -> str:
    parts = [f"{evidence.version or 'of unknown version'} ({evidence.flavour})", " ".join(evidence.platforms)]
    if evidence.limit:
        parts.append(f"{evidence.building} of at most {evidence.limit} builds running")
    return ", ".join(filter(None, parts))


@finding("Something answers over this TLS, but it does not know BuildKit's services.")
def not_buildkit(evidence: BuildKit) -> Found | None:
    status, details = evidence.errors.get("workers", ("", ""))
    if status not in _NOT_THERE:
        return None
    return Found(f"ListWorkers: {status} {details}".strip(), status=status)


@finding("The daemon took the connection and does not answer: it hangs, is overloaded, or is no BuildKit.")
def no_grpc_answer(evidence: BuildKit) -> Found | None:
    if evidence.errors.get("workers", ("", ""))[0] != "DEADLINE_EXCEEDED":
        return None
    return Found("ListWorkers was not answered in time")


@finding("The daemon took the connection and did not answer what Earthly asks first.")
def grpc_failed(evidence: BuildKit) -> Found | None:
    status, details = evidence.errors.get("workers", ("", ""))
    if status in _NOT_THERE or status in ("", "DEADLINE_EXCEEDED"):
        return None
    return Found(f"ListWorkers: {status} {details}".strip(), status=status)


@finding("The daemon itself says that it is not healthy.")
def not_serving(evidence: BuildKit) -> Found | None:
    if evidence.is_serving:
        return None
    return Found("grpc.health.v1: NOT_SERVING")


buildkit = Stage(
    "BuildKit",
    "gRPC over that TLS: health, `Control.Info`, `ListWorkers`.",
    _summary,
    findings=(not_buildkit, no_grpc_answer, grpc_failed, not_serving),
)
