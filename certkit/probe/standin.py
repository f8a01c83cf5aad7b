"""A stand-in for buildkitd: the same questions answered over the same mutual TLS, and nothing built.

It takes buildkitd's own flags, so that it is run in buildkitd's place where there is none:

    python -m certkit.probe.standin --addr tcp://HOST:PORT --tlscert F --tlskey F --tlscacert F
"""

import argparse
import platform
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from certkit.probe.buildkit import METHODS
from certkit.probe.control_pb2 import (
    BuildkitVersion,
    HealthCheckResponse,
    InfoResponse,
    ListWorkersResponse,
    Platform,
    WorkerRecord,
)

_VERSION = BuildkitVersion(package="certkit", version="stand-in")
_PLATFORM = Platform(os="linux", architecture={"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), ""))

ANSWERS = {
    METHODS["health"]: HealthCheckResponse(status=HealthCheckResponse.SERVING),
    METHODS["info"]: InfoResponse(buildkit_version=_VERSION),
    METHODS["workers"]: ListWorkersResponse(
        record=[WorkerRecord(platforms=[_PLATFORM], buildkit_version=_VERSION, parallelism_max=1)]
    ),
}


class _Control(grpc.GenericRpcHandler):
    """Gives every question its answer; what a message says is not looked at."""

    def service(self, call: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        answer = ANSWERS.get(call.method)
        if answer is None:
            return None
        content = answer.SerializeToString()
        return grpc.unary_unary_rpc_method_handler(lambda _message, _context: content)


def serve(address: str, *, cert: bytes, key: bytes, ca: bytes | None) -> grpc.Server:
    """Listen on `HOST:PORT`; without `ca`, let everybody in as buildkitd does. Raises RuntimeError if it cannot."""
    server = grpc.server(ThreadPoolExecutor(4), handlers=[_Control()], options=[("grpc.so_reuseport", 0)])
    credentials = grpc.ssl_server_credentials([(key, cert)], ca, require_client_auth=ca is not None)
    server.add_secure_port(address, credentials)
    server.start()
    return server


def main(arguments: Sequence[str]) -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(prog="certkit.probe.standin", description=__doc__.partition("\n")[0])
    parser.add_argument("--addr", required=True)
    parser.add_argument("--tlscert", required=True, type=Path)
    parser.add_argument("--tlskey", required=True, type=Path)
    parser.add_argument("--tlscacert", type=Path)
    given = parser.parse_args(arguments)
    address = given.addr.removeprefix("tcp://")
    ca = given.tlscacert.read_bytes() if given.tlscacert else None
    server = serve(address, cert=given.tlscert.read_bytes(), key=given.tlskey.read_bytes(), ca=ca)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: server.stop(0))
    print(f"running server on {address}", flush=True)  # noqa: T201  buildkitd's own words
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1:])
