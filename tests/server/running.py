"""A server that runs as its operator would run it, and callers who speak HTTP to it."""

import base64
import contextlib
import http.client
import json
import os
import resource
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from certkit.pki import certificates, keys, requests
from certkit.pki.keys import PrivateKey
from certkit.pki.signer import KeySigner
from tests.daemons.daemon import HOST, free_port

EST, OWN = "/.well-known/est", "/.well-known/certkit"

# With a clock that is ahead: what the tests of renewal need.
_PROGRAM = """
import sys
from datetime import timedelta
from certkit.cli import main
from certkit.cli.support import context
now = context.now
context.now = lambda: now() + timedelta(seconds=float(sys.argv[1]))
sys.exit(main(sys.argv[2:]))
"""


class Server:
    """A process of `certkit serve`."""

    def __init__(
        self, home: Path, *options: str, ahead: timedelta = timedelta(), host: str = HOST, port: int | None = None
    ) -> None:
        self.home, self.host, self.port = home, host, port or free_port(host)
        self.url = f"https://{host}:{self.port}"
        self.lines: list[dict[str, Any]] = []
        where = ["--listen", f"{host}:{self.port}", "--url", self.url, "--home", str(home)]
        waits = int(options[-1]) if "--processes" in options else 1
        command = [sys.executable, "-c", _PROGRAM, str(ahead.total_seconds()), "serve", *where, *options]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._waits = waits
        self._up = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._up.wait(60)
        assert self._serving == self._waits, self.lines

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self.lines.append(json.loads(line) if line.startswith("{") else {"said": line})
            if self._serving == self._waits:
                self._up.set()
        self._up.set()

    @property
    def _serving(self) -> int:
        """How many processes have said that they serve."""
        return [each.get("event") for each in self.lines].count("serving")

    @property
    def text(self) -> str:
        """All that it has logged."""
        return json.dumps(self.lines)

    @contextlib.contextmanager
    def no_room(self) -> Iterator[None]:
        """Let it write to no file for a block, as on a full disk."""
        _, most = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (0, most))
        try:
            yield
        finally:
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (most, most))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end, and return its exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, number)
        try:
            code = self._process.wait(60)
        finally:
            self._process.kill()
        self._reader.join()
        return code


@contextlib.contextmanager
def serving(home: Path, *options: str, ahead: timedelta = timedelta(), port: int | None = None) -> Iterator[Server]:
    """Run a server for a block."""
    server = Server(home, *options, ahead=ahead, port=port)
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class Answer:
    """What a server has answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def code(self) -> str:
        """The code of what went wrong."""
        return str(json.loads(self.body)["code"])

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate that was issued."""
        assert self.status == 200, (self.status, self.body)
        [found] = pkcs7.load_der_pkcs7_certificates(base64.b64decode(self.body, validate=True))
        return found


@dataclass(frozen=True)
class Caller:
    """Somebody who trusts the team's server authority, and may show a pair of files."""

    server: Server
    pair: tuple[Path, Path] | None = None

    def context(self) -> ssl.SSLContext:
        """Make the settings of a connection."""
        made = ssl.create_default_context(cafile=str(self.server.home / "authorities" / "server" / "cert.pem"))
        made.verify_flags |= 0x200000  # whatever the time is: the server's clock may be ahead
        if self.pair:
            made.load_cert_chain(*self.pair)
        return made

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        password: str = "",
    ) -> Answer:
        """Call once, on a connection of its own."""
        shown = {"Authorization": "Basic " + base64.b64encode(f"x:{password}".encode()).decode()} if password else {}
        connection = http.client.HTTPSConnection(self.server.host, self.server.port, context=self.context(), timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, {**shown, **(headers or {})})
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read())

    def enroll(self, password: str, key: PrivateKey) -> Answer:
        """Ask for a certificate by a code's secret."""
        return self.call("POST", f"{EST}/simpleenroll", csr(key), password=password)

    def renew(self, key: PrivateKey) -> Answer:
        """Ask for the next certificate."""
        return self.call("POST", f"{EST}/simplereenroll", csr(key))

    def showing(self, certificate: x509.Certificate, key: PrivateKey, folder: Path) -> "Caller":
        """Return the same one with a certificate to show."""
        pair = folder / "shown.pem", folder / "shown-key.pem"
        pair[0].write_bytes(certificates.to_pem(certificate))
        pair[1].write_bytes(keys.to_pem(key))
        return Caller(self.server, pair)


def csr(key: PrivateKey) -> bytes:
    """Make the body of a request: base64 of DER."""
    der = x509.load_pem_x509_csr(requests.make(KeySigner(key))).public_bytes(serialization.Encoding.DER)
    return base64.b64encode(der)
