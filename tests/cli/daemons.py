"""A daemon as `certkit daemon check` sees one: mutual TLS with the files that it read at its start, then HTTP/2."""

import contextlib
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from OpenSSL import SSL

from tests.cli.conftest import Lead
from tests.daemons.daemon import HOST
from tests.probe.servers import HTTP2_SETTINGS, Answer, over_tls, serving, tls_context, wait
from tests.team import Files


class Running:
    """A server at `url`; what lies in `folder` counts from its next start on."""

    def __init__(self) -> None:
        self.url = ""
        self.folder = Path()
        self._context: SSL.Context | None = None
        self._answer: Answer | None = None

    def restart(self) -> None:
        """Let it read its files."""
        self._context = tls_context(Files.of(self.folder))
        self._answer = None

    def open_to_everybody(self) -> None:
        """Let it ask nobody for a certificate."""
        self.restart()
        if self._context:
            self._context.set_verify(SSL.VERIFY_NONE)

    def set_clock(self, now: datetime) -> None:
        """Let it judge certificates by another time, until its next start."""
        store = self._context.get_cert_store() if self._context else None
        if store:
            store.set_time(now)

    def intercept(self, answer: Answer) -> None:
        """Let somebody else answer in its place, until its next start."""
        self._answer = answer

    def answer(self, caller: socket.socket) -> None:
        """Answer one caller; a server without files goes away."""
        if self._answer:
            self._answer(caller)
        elif self._context:
            over_tls(self._context, _speak)(caller)


@contextlib.contextmanager
def running(lead: Lead, home: Path, name: str = "build", *options: str | Path) -> Iterator[Running]:
    """Make the team acme with a daemon that runs and was seen, or add one to it."""
    daemon = Running()
    with serving(daemon.answer, HOST) as daemon.url:
        first = ["init", "--team", "acme", "--daemon", daemon.url, "--name", name, *options]
        ended = lead("daemon", "add", name, daemon.url) if home.exists() else lead(*first)
        assert ended.code == 0, ended.err
        daemon.folder = home / "daemons" / name
        take_up(lead, daemon, name)
        yield daemon


def take_up(lead: Lead, daemon: Running, name: str = "build") -> None:
    """Restart a daemon with its new files, and see it proven."""
    daemon.restart()
    ended = lead("daemon", "check", name)
    assert ended.code == 0, ended


def _speak(connection: SSL.Connection) -> None:
    connection.send(HTTP2_SETTINGS)
    wait(connection)
