"""Ask a daemon over gRPC who it is: its health, its version, its platforms, its load."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC's core would write to the terminal what a daemon makes it say

import grpc
from google.protobuf.message import DecodeError

from certkit.probe.control_pb2 import (
    BuildHistoryRequest,
    HealthCheckResponse,
    InfoResponse,
    ListWorkersResponse,
    WorkerRecord,
)
from certkit.probe.handshake import Handshake
from certkit.probe.relay import relayed

METHODS = {
    "health": "/grpc.health.v1.Health/Check",
    "info": "/moby.buildkit.v1.Control/Info",
    "workers": "/moby.buildkit.v1.Control/ListWorkers",
}
"""All are asked with an empty message."""
_HISTORY = "/moby.buildkit.v1.Control/ListenBuildHistory"

MESSAGE_LIMIT = 1024 * 1024
"""Bytes of the largest answer that is taken."""

_GRACE = 0.5
"""Seconds by which the relay outlasts the questions, so that it is gRPC that tells of a late answer."""

_TEXT = 200
_PLATFORMS = 32


class BuildKit(NamedTuple):
    """What a daemon says of itself; what it does not say stays empty."""

    errors: Mapping[str, tuple[str, str]] = MappingProxyType({})
    """The questions (METHODS) that were not answered: gRPC's status (`UNIMPLEMENTED`) and details."""
    is_serving: bool = True
    """False if the daemon itself says that it is not healthy."""
    version: str = ""
    package: str = ""
    is_fork: bool = False
    """Whether it has what only Earthly's fork has."""
    platforms: tuple[str, ...] = ()
    building: int = 0
    """Builds that run now; the fork only."""
    limit: int = 0
    """Builds that may run at once; 0 if it does not say."""

    @property
    def flavour(self) -> str:
        """Who made it, as far as can be told."""
        for name in ("earthbuild", "earthly"):
            if name in self.package:
                return name
        return "earthly's fork" if self.is_fork else "moby"


def ask(handshake: Handshake, authority: str, timeout: float) -> BuildKit:
    """Ask all questions at once over a served handshake, within `timeout` seconds; raises nothing."""
    with _channel(handshake, authority, timeout) as channel:
        calls = {name: _call(channel, method, timeout) for name, method in METHODS.items()}
        answers: dict[str, bytes] = {}
        errors: dict[str, tuple[str, str]] = {}
        for name, call in calls.items():
            try:
                answers[name] = call.result()
            except grpc.RpcError as error:
                errors[name] = _status(error)
    return read(answers, errors)


def is_building(handshake: Handshake, authority: str, timeout: float) -> bool | None:
    """Ask whether anybody builds, over a served handshake; None if the daemon does not tell.

    Every daemon of the last years lists its active builds. Earthly's fork also counts those who are connected, and
    the builds that its limit lets run.
    """
    wanted = BuildHistoryRequest(active_only=True, early_exit=True).SerializeToString()
    with _channel(handshake, authority, timeout) as channel:
        info, workers = (_call(channel, METHODS[name], timeout) for name in ("info", "workers"))
        listen: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(_HISTORY)
        try:
            if next(iter(listen(wanted, timeout=timeout)), None) is not None:
                return True
            told = InfoResponse.FromString(info.result())
            worker = next(iter(ListWorkersResponse.FromString(workers.result()).record), WorkerRecord())
        except (grpc.RpcError, DecodeError):
            return None
    return bool(told.num_sessions or worker.parallelism_current)


@contextlib.contextmanager
def _channel(handshake: Handshake, authority: str, timeout: float) -> Iterator[grpc.Channel]:
    options = [
        ("grpc.default_authority", authority),
        ("grpc.max_receive_message_length", MESSAGE_LIMIT),
        ("grpc.enable_retries", 0),
        ("grpc.enable_http_proxy", 0),
    ]
    with relayed(handshake, timeout + _GRACE) as address, grpc.insecure_channel(address, options) as channel:
        yield channel


def _call(channel: grpc.Channel, method: str, timeout: float) -> "grpc.Future[bytes]":
    ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    return ask.future(b"", timeout=timeout)


def _status(error: grpc.RpcError) -> tuple[str, str]:
    if not isinstance(error, grpc.Call):
        return "UNKNOWN", ""
    return error.code().name, (error.details() or "")[:_TEXT]


def read(answers: Mapping[str, bytes], errors: dict[str, tuple[str, str]]) -> BuildKit:
    """Read a daemon's answers; one that cannot be read becomes an error."""
    health, info, workers = HealthCheckResponse(), InfoResponse(), ListWorkersResponse()
    for name, message in (("health", health), ("info", info), ("workers", workers)):
        try:
            message.ParseFromString(answers.get(name, b""))
        except DecodeError:
            errors[name] = ("INTERNAL", "the answer is not what BuildKit answers")
            message.Clear()
    worker = workers.record[0] if workers.record else WorkerRecord()
    version = info.buildkit_version if info.buildkit_version.version else worker.buildkit_version
    return BuildKit(
        errors=errors,
        is_serving=health.status in (HealthCheckResponse.SERVING, HealthCheckResponse.UNKNOWN),
        version=version.version[:_TEXT],
        package=version.package[:_TEXT],
        is_fork=bool(info.num_sessions or info.seconds_idle or worker.parallelism_max),
        platforms=_platforms(worker),
        building=worker.parallelism_current,
        limit=worker.parallelism_max,
    )


def _platforms(worker: WorkerRecord) -> tuple[str, ...]:
    names = [f"{platform.os}/{platform.architecture}"[:_TEXT] for platform in worker.platforms[:_PLATFORMS]]
    return tuple(dict.fromkeys(names))
