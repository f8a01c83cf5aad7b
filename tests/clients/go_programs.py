"""Programs in Go that load and judge certificates: built once for each state of their modules, as daemons are."""

import base64
import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from certkit.pki import certificates
from tests.daemons.build import built

_PACKAGES = {
    "goverify": ".",
    "earthlyconfig": ".",
    "gopem": ".",
    "zlint": "github.com/zmap/zlint/v3/cmd/zlint",
    "estserver": "github.com/globalsign/est/cmd/estserver",
}
_MODULES = Path(__file__).parent
OLD = "go1.21.13"
"""The Go that Earthly's and EarthBuild's daemons are built with; `go` fetches it as it fetches any module."""


class Verifier:
    """Go's own verifier, asked as buildkitd asks it; this machine's Go's, or another version's."""

    def __init__(self, toolchain: str = "") -> None:
        self._process = subprocess.Popen(
            [program("goverify", toolchain)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def refusal(self, leaf: x509.Certificate, anchors: Iterable[x509.Certificate], now: datetime) -> str:
        """Return why Go refuses a certificate; an empty text if it lets it in."""
        assert self._process.stdin
        assert self._process.stdout
        roots = b"".join(map(certificates.to_pem, anchors)).decode()
        asked = {"Leaf": certificates.to_pem(leaf).decode(), "Anchors": roots, "Now": int(now.timestamp())}
        self._process.stdin.write(json.dumps(asked) + "\n")
        answer = self._process.stdout.readline().strip()
        assert answer
        return "" if answer == "ok" else answer

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@dataclass(frozen=True)
class Loaded:
    """What Go makes of the three files of mutual TLS."""

    blocks: list[tuple[str, bool, bytes, str]]
    """Of the authorities' file: kind, whether there are headers, content, and why it is no certificate."""
    adds_authorities: bool
    pair: str
    """Why the certificate and the key cannot be used together; empty if they can."""


class Loader:
    """Go's own readers of PEM files, asked as Earthly asks them; this machine's Go's, or another version's.

    Since Go 1.24 the numbers of an RSA key must fit each other.
    """

    def __init__(self, toolchain: str = "") -> None:
        self._process = subprocess.Popen(
            [program("gopem", toolchain)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={"GODEBUG": "x509rsacrt=1"},
        )

    def load(self, ca: bytes, cert: bytes = b"", key: bytes = b"") -> Loaded:
        """Return what Go makes of three files."""
        assert self._process.stdin
        assert self._process.stdout
        asked = {name: base64.b64encode(each).decode() for name, each in (("CA", ca), ("Cert", cert), ("Key", key))}
        self._process.stdin.write(json.dumps(asked) + "\n")
        found = json.loads(self._process.stdout.readline())
        blocks = [
            (each["Kind"], each["Headers"], base64.b64decode(each["DER"]), each["Problem"]) for each in found["Blocks"]
        ]
        return Loaded(blocks, found["CA"], found["Pair"])

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def program(name: str, toolchain: str = "") -> Path:
    """Return where a program is, built if nobody has yet; raise CannotBuild where it cannot be."""
    environment = {"GOTOOLCHAIN": toolchain} if toolchain else {}
    return built(f"{name}{toolchain and f'-{toolchain}'}", _MODULES / name, [_PACKAGES[name]], environment) / name
