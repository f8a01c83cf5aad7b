"""Metrics for Prometheus: what all processes have answered, and what the ledger says when it is asked.

Each process keeps its numbers in a file of one private folder, from which any of them answers for all: the way of
`prometheus_client`, which looks for that folder when it is imported. So it is imported late here.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

from certkit.authority.vitals import Vitals, vitals
from certkit.errors import CertkitError
from certkit.ledger.interface import Actor
from certkit.server.worker import Worker

if TYPE_CHECKING:
    from prometheus_client import Metric

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PATIENCE = 5.0
"""Seconds for the ledger: Prometheus itself waits for ten."""


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Have a folder for the numbers of this process and of those that it forks, for a block."""
    folder, owner = tempfile.mkdtemp(prefix="certkit-metrics-"), os.getpid()
    os.environ[_FOLDER] = folder
    try:
        yield
    finally:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)


class Metrics:
    """The numbers of one process, to be made inside `kept`, and the answer of all."""

    def __init__(self, worker: Worker, actor: Actor) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram  # see above

        self._worker = worker
        self._actor = actor
        own = CollectorRegistry()
        self._issued = Counter("certkit_issued", "Certificates issued, by what was shown", ["access"], registry=own)
        self._refused = Counter("certkit_refused", "Requests refused, by reason", ["reason"], registry=own)
        self._requests = Counter("certkit_requests", "Requests answered", ["operation", "status"], registry=own)
        self._seconds = Histogram("certkit_request_seconds", "Time to the answer", ["operation"], registry=own)

    def answered(self, operation: str, status: int, seconds: float, *, reason: str | None, issued: str | None) -> None:
        """Count an answer; `issued` is the right by which a new certificate was."""
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)
        if reason:
            self._refused.labels(reason).inc()
        if issued:
            self._issued.labels(issued).inc()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer whoever asks for the metrics."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest  # see above
        from prometheus_client.multiprocess import MultiProcessCollector

        if (request.method, request.path) != ("GET", "/metrics"):
            return web.Response(status=404, text="only GET /metrics is answered here\n")
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        everybody.register(_State(await self._vitals()))
        return web.Response(body=generate_latest(everybody), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _vitals(self) -> Vitals | None:
        """Ask the ledger; None if it does not answer."""
        with contextlib.suppress(CertkitError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                return await self._worker.read(self._actor, vitals)
        return None


class _State:
    """What the ledger says, as `prometheus_client` collects it."""

    def __init__(self, found: Vitals | None) -> None:
        self._found = found

    def collect(self) -> "Iterator[Metric]":
        """Return every metric."""
        from prometheus_client.core import GaugeMetricFamily  # see above

        found = self._found
        yield GaugeMetricFamily("certkit_ledger_up", "Whether the ledger answers", value=float(found is not None))
        if found is None:
            return
        yield GaugeMetricFamily("certkit_publication", "The newest anchors' number", value=found.publication)
        held = GaugeMetricFamily(
            "certkit_daemon_publication", "The anchors a daemon was seen to hold", labels=["daemon"]
        )
        ends = GaugeMetricFamily("certkit_daemon_expiry_timestamp_seconds", "A daemon's end", labels=["daemon"])
        for daemon in found.daemons:
            held.add_metric([daemon.name], daemon.publication)
            ends.add_metric([daemon.name], _seconds(daemon.expires))
        authorities = GaugeMetricFamily(
            "certkit_authority_expiry_timestamp_seconds", "A trusted authority's end", labels=["role", "generation"]
        )
        for each in found.authorities:
            authorities.add_metric([each.role, str(each.generation)], _seconds(each.expires))
        name = "certkit_server_expiry_timestamp_seconds"
        yield from (held, ends, authorities)
        yield GaugeMetricFamily(name, "The end of this server's certificate", value=_seconds(found.server_expires))


def _seconds(time: datetime | None) -> float:
    """Return a time as Prometheus has it; NaN if there is none."""
    return time.timestamp() if time else float("nan")
