"""A BuildKit daemon, or its stand-in, run on this machine until it is told to stop: for the demo and for tests."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from certkit.earthly.address import Address
from certkit.errors import CertkitError

HOST = "127.0.0.2"
"""Not one of the three names that Earthly takes for a daemon of its own, and reached without any set-up on Linux."""

HOST_ELSEWHERE = "::ffff:7f00:1"
"""The same where there is no other loopback address than 127.0.0.1, as on macOS: that one, as IPv6 maps it."""

STANDIN = (sys.executable, "-m", "certkit.probe.standin")

_WORKER = ("--oci-worker=true", "--oci-worker-snapshotter=native", "--containerd-worker=false")
_PATIENCE = 30.0
"""Seconds within which a daemon listens, on a busy machine too."""


class LocalDaemon:
    """A daemon that listens with TLS if it has `cert` and `key`, with mutual TLS if it has `ca` too."""

    def __init__(
        self, program: tuple[str, ...], *, host: str = HOST, port: int | None = None, extra: tuple[str, ...] = ()
    ) -> None:
        self.host = host
        self.port = port or free_port(host)
        self.folder = Path(tempfile.mkdtemp(prefix="certkit-daemon-"))
        self._log = self.folder / "log"
        self._extra = extra
        self._process: subprocess.Popen[bytes] | None = None
        self.become(program)

    def become(self, program: tuple[str, ...]) -> None:
        """Run another program at this address from the next start on."""
        worker = () if program == STANDIN else (*_WORKER, *self._places(program))
        self.command = (*program, f"--addr={self.url}", *worker, *self._extra)

    @property
    def url(self) -> str:
        """Where it listens, as a configuration has it."""
        return Address("tcp", self.host, self.port).url

    @property
    def log(self) -> str:
        """What it has said since it was made."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _places(self, program: tuple[str, ...]) -> tuple[str, ...]:
        """Keep what it writes in its own folder, so that any number of daemons can run side by side."""
        places = {"--root": "root", "--otel-socket-path": "otel.sock"}
        known = _help_of(program)  # older ones know no flag for every place
        return tuple(f"{option}={self.folder / name}" for option, name in places.items() if option in known)

    def start(self, *, ca: Path | None = None, cert: Path | None = None, key: Path | None = None) -> None:
        """Start it with these files and wait until it listens; raise CertkitError with its words if it does not."""
        files = {"--tlscacert": ca, "--tlscert": cert, "--tlskey": key}
        said = len(self.log)
        process = self._process = self._run(f"{option}={path}" for option, path in files.items() if path)
        deadline = time.monotonic() + _PATIENCE
        while "running server on" not in self.log[said:]:
            if process.poll() is not None or time.monotonic() > deadline:
                words = self.log[said:].strip()
                self.close()
                raise CertkitError(f"the daemon did not start: {words}", "Fix what it reports, and start it again.")
            time.sleep(0.02)

    def _run(self, options: Iterable[str]) -> subprocess.Popen[bytes]:
        try:
            with self._log.open("ab") as log:
                return subprocess.Popen(  # noqa: S603  the program that was asked for, and no shell
                    [*self.command, *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL
                )
        except OSError as error:
            raise CertkitError(
                f"{self.command[0]} cannot be run: {error.strerror}", "Name a program: --buildkitd PATH"
            ) from None

    def stop(self) -> None:
        """End it; its address stays its own."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _help_of(program: tuple[str, ...]) -> str:
    try:
        said = subprocess.run([*program, "--help"], capture_output=True, text=True, check=False, timeout=_PATIENCE)  # noqa: S603  the program that was asked for, and no shell
    except (OSError, subprocess.TimeoutExpired):
        return ""  # what is wrong with it is told when it is started
    return said.stdout + said.stderr


def listens(host: str) -> bool:
    """Tell whether something can listen on an address of this machine."""
    try:
        free_port(host)
    except OSError:
        return False
    return True


def free_port(host: str) -> int:
    """Return a TCP port of an address of this machine on which nobody listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as unused:
        unused.bind((host, 0))
        return int(unused.getsockname()[1])
