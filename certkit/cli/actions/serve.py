"""What `certkit serve` does."""

import importlib.util
import os
import re
import sys
from pathlib import Path

import typer

from certkit import files
from certkit.cli.remote.offer import offers
from certkit.cli.support import actor, context, home_access
from certkit.enroll import codes
from certkit.errors import InvalidError, MissingError

_EXECUTION = (sys.executable, "-m", "certkit.cli.remote.execution")
_CREDENTIAL = "certkit-passphrase"
_LISTEN = re.compile(r"(?:\[(?P<address>[0-9a-fA-F:.]+)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,5})", re.ASCII)
_HIGHEST_PORT = 65535


def serve(home: Path | None, listen: str, url: str | None, processes: int, metrics: str | None) -> None:
    """Serve until a signal says to end."""
    host, port = _place(listen)
    asked = _place(metrics) if metrics else None
    address = codes.parse_server(url) if url else None
    if any(importlib.util.find_spec(each) is None for each in ("aiohttp", "structlog", "prometheus_client")):
        raise MissingError("certkit's server is not installed here", code="server-not-installed")
    from certkit.server.leads import Program  # what the server needs may not be installed
    from certkit.server.serving import Plan, serve

    me, program = actor.real(os.environ), Program(_EXECUTION, frozenset(offers()))
    plan = Plan(host, port, address, processes, asked, me, lambda: context.now(), program)  # noqa: PLW0108  tests set the clock
    code = serve(home_access.serving(home, _passphrase()), plan)
    if code:
        raise typer.Exit(code)


def _place(listen: str) -> tuple[str, int]:
    found = _LISTEN.fullmatch(listen)
    if found is None or int(found["port"]) > _HIGHEST_PORT:
        raise InvalidError(
            f"{listen!r} is no place to listen", "Write HOST:PORT, such as 0.0.0.0:8443.", code="listen-invalid"
        )
    return found["address"] or found["host"] or "::", int(found["port"])


def _passphrase() -> bytes | None:
    """Return the passphrase that systemd passes (LoadCredential), None if it passes none."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    path = Path(folder) / _CREDENTIAL
    return files.read_passphrase(path) if folder and path.exists() else None
