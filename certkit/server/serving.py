"""Serve: listen, answer, renew the own certificate, and end without cutting anybody off."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from cryptography.x509 import Certificate

from certkit.authority import server_identity
from certkit.authority.changes import changing
from certkit.authority.home import Home
from certkit.authority.server_identity import Identity
from certkit.authority.session import Session
from certkit.enroll.codes import Server
from certkit.errors import CertkitError
from certkit.ledger.interface import Actor
from certkit.results import time_text
from certkit.server import metrics, tls
from certkit.server.connections import Connections
from certkit.server.leads import Commands, Program
from certkit.server.metrics import Metrics
from certkit.server.service import Log, Service
from certkit.server.worker import Worker

_BACKLOG = 1024
_HANDSHAKE = 10.0
"""Seconds for a handshake."""
_REFRESH = 5.0
"""Seconds between two looks at what has changed: the own certificate, the authorities."""
_DRAIN = 10.0
"""Seconds for what is being answered when the server is told to end."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_COLLECT_AFTER = (2000, 5, 5)
"""New objects after which garbage is collected, and collections after which older objects are looked through."""


@dataclass(frozen=True)
class Plan:
    """How to serve: on which host and port, at which address laptops find it, and in how many processes."""

    host: str
    port: int
    address: Server | None
    processes: int
    metrics: tuple[str, int] | None
    """Host and port for Prometheus."""
    actor: Actor
    clock: Callable[[], datetime]
    program: Program
    """What carries out what leads send."""


def serve(home: Home, plan: Plan) -> int:
    """Serve until a signal says to end; return the exit code.

    Raises MissingError if no address was ever given, CertkitError if nobody can listen there; and what `changing` and
    `Session.authority` raise, before anything is served.
    """
    with changing(home, plan.actor, plan.clock()) as session:
        if plan.address:
            server_identity.remember(session, plan.address)
        server_identity.address(session)
        session.authority("client")  # asks for the passphrase, before there are processes
        server_identity.ensure(session)
    tls.let_alerts_out()
    tls.read_little()
    _collect_often()
    listening = _listen(plan.host, plan.port, shared=plan.processes > 1)
    asked = _listen(*plan.metrics, shared=False) if plan.metrics else None
    log = _log(plan.clock)
    with metrics.kept() if asked else contextlib.nullcontext():
        if plan.processes == 1:
            asyncio.run(_process(home, plan, listening, asked, log))
            return 0
        return _processes(home, plan, listening, asked, log)


def _collect_often() -> None:
    """Collect garbage soon after it is made, and look through nothing more that is there before anybody connects.

    asyncio leaves a cycle of every connection, and what that holds of the system's memory the collector does not count.
    """
    gc.freeze()
    gc.collect()  # so that it counts from here on: only a quarter more than there was is looked through as a whole
    gc.set_threshold(*_COLLECT_AFTER)


def _processes(home: Home, plan: Plan, reserved: socket.socket, asked: socket.socket | None, log: Log) -> int:
    """Serve in several processes, each with a socket of its own on one port; all end when one does."""
    port, children = reserved.getsockname()[1], set[int]()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # until all processes know what to do with them
    for _ in range(plan.processes):
        child = os.fork()
        if child == 0:
            reserved.close()
            asyncio.run(_process(home, plan, _listen(plan.host, port, shared=True), asked, log))
            sys.exit(0)
        children.add(child)
    reserved.close()
    told_to_end: list[int] = []

    def end(number: int, _frame: object) -> None:
        told_to_end.append(number)
        for each in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGTERM)

    for number in _SIGNALS:
        signal.signal(number, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    while children:
        ended, status = os.wait()
        children.discard(ended)
        if not told_to_end:
            log("process ended", process=ended, status=os.waitstatus_to_exitcode(status))
            end(0, None)
    return 1 if told_to_end[:1] == [0] else 0


async def _process(home: Home, plan: Plan, listening: socket.socket, asked: socket.socket | None, log: Log) -> None:
    """Serve in this process until a signal says to end; `asked` is where any process answers Prometheus."""
    loop, ending = asyncio.get_running_loop(), asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, ending.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    worker = Worker(home, plan.clock)
    service, settings = Service(worker, log, commands=Commands(home, plan.program)), tls.context()
    connections = Connections(service.answer)
    try:
        refreshed = _Refreshing(worker, plan.actor, service, settings, log)
        await refreshed.once()
        service.refresh = refreshed.once
        if asked:
            service.metrics = Metrics(worker, plan.actor)
            await loop.create_server(Connections(service.metrics.answer), sock=asked)
        listening.listen(_BACKLOG)
        server = await loop.create_server(
            connections, sock=listening, ssl=settings, backlog=_BACKLOG, ssl_handshake_timeout=_HANDSHAKE
        )
        log("serving", host=plan.host, port=listening.getsockname()[1], process=os.getpid())
        refreshing = asyncio.create_task(refreshed.for_ever())
        await ending.wait()
        refreshing.cancel()
        service.changes.close()
        log("draining", calls=service.answering, connections=connections.count)
        server.close()
        await _drained(service)
        await connections.shutdown(1.0)
    finally:
        await worker.close()
    log("ended")


async def _drained(service: Service) -> None:
    """Wait until whoever is being answered has been: aiohttp takes nothing more from anybody once it shuts down."""
    if service.answering:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(service.idle.wait(), _DRAIN)


@dataclass
class _Refreshing:
    """Follows what changes while the server runs."""

    worker: Worker
    actor: Actor
    service: Service
    settings: ssl.SSLContext
    log: Log
    loaded: object = None

    async def for_ever(self) -> None:
        """Look again and again; what cannot be done now is done later."""
        while True:
            await asyncio.sleep(_REFRESH)
            try:
                await self.once()
            except (CertkitError, OSError) as error:
                self.log("not refreshed", error=str(error))

    async def once(self) -> None:
        """Take over the own certificate and the authorities, if they are others than those that are known."""
        identity, clients, servers, hosts = await self.worker.do(self.actor, _newest)
        self.service.authorities = [*servers, *clients]
        wanted = (identity, [*servers, *clients, *hosts])
        if wanted != self.loaded:
            tls.load(self.settings, identity, [*clients, *hosts])
            self.loaded = wanted


def _newest(session: Session) -> tuple[Identity, list[Certificate], list[Certificate], list[Certificate]]:
    identity, clients = server_identity.ensure(session), server_identity.trust_of_clients(session)
    session.authority("client")  # its key is opened here, where nobody waits for it
    return identity, clients, list(session.trusted("server")), server_identity.trust_of_hosts(session)


def _listen(host: str, port: int, *, shared: bool) -> socket.socket:
    """Make a socket at an address; raise CertkitError if that cannot be done."""
    try:
        [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind(address)
    except OSError as error:
        raise CertkitError(
            f"nobody can listen on {host} port {port}: {error.strerror}",
            "Choose another address or port, or end what listens there.",
            code="listen-failed",
        ) from None
    made.settimeout(0)
    return made


def _log(clock: Callable[[], datetime]) -> Log:
    """Return what writes a line of JSON on stderr for each event; a log that cannot be written ends nothing."""
    logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[_timed(clock), structlog.processors.JSONRenderer(serializer=json.dumps)],
    ).bind()  # once and for all: what is wrapped only would be bound again at each line

    def log(event: str, **fields: object) -> None:
        with contextlib.suppress(OSError):
            logger.info(event, **fields)

    logging.getLogger().handlers = [_Relaying(log)]
    return log


class _Relaying(logging.Handler):
    """Puts what libraries have to say into the log, a line each, without their traces."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log("library", source=record.name, message=record.getMessage())


def _timed(clock: Callable[[], datetime]) -> Callable[..., dict[str, object]]:
    def put_first(_logger: object, _method: str, event: dict[str, object]) -> dict[str, object]:
        return {"at": time_text(clock()), "event": event.pop("event"), **event}

    return put_first
