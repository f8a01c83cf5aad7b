"""Run the stages: side by side where they can be, in the end told in order.

A stage that found something wrong ends only what depends on it. Heavy imports come while the network is awaited.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from certkit.probe import background, network
from certkit.probe.checks.configuration import Configuration, configuration, observe
from certkit.probe.checks.reachability import network as network_stage
from certkit.probe.elapsed import ms_since
from certkit.probe.report import Check, Report, skipped
from certkit.probe.target import Target, engine_works

if TYPE_CHECKING:
    from concurrent.futures import Future

    from certkit.probe.credentials import Pair
    from certkit.probe.network import Network

TIMEOUT = 5.0
"""Seconds that each step over the network may take."""

_LATER = ("files", "network", "TLS", "BuildKit", "enforcement")
_NOT_CONFIGURED = "there is no daemon to reach"


def run(
    target: Target,
    environ: Mapping[str, str],
    now: datetime,
    *,
    timeout: float = TIMEOUT,
    canary: "Pair | None" = None,
) -> Report:
    """Probe a target, each step over the network within `timeout` seconds; what is wrong is in the report.

    `canary` is a revoked certificate and its key, for who holds one: the daemon must refuse it.
    """
    started = time.monotonic()
    engine = background.start(lambda: engine_works(target, environ))
    found = observe(target)
    ms = ms_since(started)
    address = found.address
    if address and address.scheme != "tcp":
        address = None
    connecting = background.start(lambda: network.observe(address, timeout)) if address else None
    checks = _reach(target, connecting, now, timeout, canary) if _has_files(found) else _skipped(_LATER)
    try:
        works = engine.result(timeout)
    except TimeoutError:
        works = False
    return Report(target.url, target.origin, (*configuration.judge(found.with_engine(works=works), ms), *checks))


def _has_files(found: Configuration) -> bool:
    """Tell whether the client would use the three files: for a container of its own it does not."""
    return bool(found.target.url) and (found.address is None or found.address.scheme == "tcp")


def _reach(
    target: Target, connecting: "Future[Network] | None", now: datetime, timeout: float, canary: "Pair | None"
) -> list[Check]:
    from certkit.probe import credentials
    from certkit.probe.checks.client_files import Files, files
    from certkit.probe.conversation import Conversation, hold

    started = time.monotonic()
    loaded = credentials.load(target)
    file_checks = files.judge(Files(loaded, now), ms_since(started))
    if connecting is None:
        return file_checks + _skipped(_LATER[1:])
    found = connecting.result()
    network_checks = network_stage.judge(found, found.ms)
    if found.connection is None or found.endpoint is None:
        return file_checks + network_checks + _skipped(_LATER[2:], "the daemon was not reached")
    talk = Conversation(
        endpoint=found.endpoint,
        connected=found.connection,
        server_name=target.server_name or found.address.host,
        credentials=loaded,
        canary=canary,
        faults=frozenset(check.id for check in file_checks),
        needs_alpn=target.needs_alpn,
        now=now,
        timeout=timeout,
    )
    return file_checks + network_checks + hold(talk)


def _skipped(titles: tuple[str, ...], reason: str = _NOT_CONFIGURED) -> list[Check]:
    return [skipped(title, reason) for title in titles]
