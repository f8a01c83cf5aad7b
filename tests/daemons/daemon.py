"""Runs a real BuildKit daemon on this machine, as its operator would."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.daemons.build import programs

HOST = "127.0.0.2"
"""Not one of the three names that Earthly takes for a daemon of its own, and reached without any set-up on Linux."""

PATIENCE = 30.0
"""Seconds within which a daemon is up, on a busy machine too."""


class Daemon:
    """A running `buildkitd` of one flavour: TLS if it has `cert` and `key`, mutual TLS if it has `ca` too."""

    def __init__(
        self,
        flavour: str,
        *,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        host: str = HOST,
        extra: tuple[str, ...] = (),
    ) -> None:
        self.flavour = flavour
        self.programs = programs(flavour)
        self.host = host
        self.port = free_port(host)
        self.root = Path(tempfile.mkdtemp(prefix="certkit-daemon-"))
        self._log = self.root / "log"
        self._files = {"--tlscacert": ca, "--tlscert": cert, "--tlskey": key}
        self._extra = extra
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it listens, as a configuration has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"

    @property
    def log(self) -> str:
        """What it has said since it was made."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self) -> None:
        """Start it and wait until it listens."""
        said = len(self.log)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while "running server on" not in self.log[said:]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                said_now = self.log[said:]
                self.close()
                raise AssertionError(f"{self.flavour}'s buildkitd did not start:\n{said_now}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it; its address and its folder stay."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self, *, ca: Path | None = None, cert: Path | None = None, key: Path | None = None) -> None:
        """Stop it and start it at the same address with these files: the way, the only one, to make it read new ones.

        Without any file it keeps its own.
        """
        self.stop()
        if ca or cert or key:
            self._files = {"--tlscacert": ca, "--tlscert": cert, "--tlskey": key}
        self.start()

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def _command(self) -> list[str]:
        given = [f"{option}={path}" for option, path in self._files.items() if path]
        return [
            str(self.programs.buildkitd),
            f"--root={self.root / 'root'}",
            f"--addr={self.url}",
            f"--otel-socket-path={self.root / 'otel.sock'}",
            "--oci-worker=true",
            "--oci-worker-snapshotter=native",
            "--containerd-worker=false",
            *given,
            *self._extra,
        ]


Start = Callable[..., Daemon]
"""The fixture `daemon_factory`: takes what Daemon takes."""


def free_port(host: str) -> int:
    """Give a TCP port of an address of this machine on which nobody listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
