"""Run the stages: side by side where they can be, in the end told in order.

A stage that found something wrong ends only what depends on it. Heavy imports come while the network is awaited.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from certkit.probe import background, network
from certkit.probe.checks.configuration import Configuration, configuration, observe
from certkit.probe.checks.reachability import network as network_stage
from certkit.probe.elapsed import ms_since
from certkit.probe.observed import CLIENT, ObservedAddress
from certkit.probe.report import Check, Report, skipped
from certkit.probe.target import Pair, Target, engine_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from certkit.probe.checks.client_files import Files
    from certkit.probe.network import Network
    from certkit.probe.target import Chain

_LATER = ("files", "network", "TLS", "BuildKit", "enforcement")
_ENGINE_STEPS = 8
"""How many of the probe's steps a container engine may take for all questions; the client has no limit."""

_NOT_CONFIGURED = "there is no daemon to reach"


class _Reached(NamedTuple):
    """What came of all stages but the configuration's."""

    checks: list[Check]
    addresses: tuple[ObservedAddress, ...] = ()
    unresolved: str = ""
    left_out: int = 0


def run(
    target: Target,
    environ: Mapping[str, str],
    now: datetime,
    *,
    timeout: float,
    canary: Pair | None,
    control: Pair | None,
) -> Report:
    """Do what `certkit.probe.run` says."""
    started = time.monotonic()
    patience = _ENGINE_STEPS * timeout
    asking = background.start(lambda: engine_of(target, environ, patience))
    found = observe(target)
    ms = ms_since(started)
    address = found.address
    if address and address.scheme != "tcp":
        address = None
    connecting = background.start(lambda: network.observe(address, timeout)) if address else None
    if _has_files(found):
        reached = _reach(target, connecting, now, timeout, canary, control)
    else:
        reached = _Reached(_skipped(_LATER))
    checks = (*configuration.judge(found.with_engine(asking.result()), ms), *reached.checks)
    return Report(target.url, target.origin, checks, reached.addresses, reached.unresolved, reached.left_out)


def _has_files(found: Configuration) -> bool:
    """Tell whether the client would use the three files: for a container of its own it does not."""
    return bool(found.target.url) and (found.address is None or found.address.scheme == "tcp")


def _reach(
    target: Target,
    connecting: "Future[Network] | None",
    now: datetime,
    timeout: float,
    canary: Pair | None,
    control: Pair | None,
) -> _Reached:
    # What reads certificates and speaks TLS takes long to import: the network is awaited meanwhile.
    from certkit.probe import credentials
    from certkit.probe.callers import Identities
    from certkit.probe.checks.client_files import Files
    from certkit.probe.daemon import Daemon, probe_daemon

    started = time.monotonic()
    loaded = credentials.load(target)
    evidence, ms = Files(loaded, now), ms_since(started)
    file_checks = _judge_files(target, evidence, ms)
    if connecting is None:
        return _Reached(file_checks + _skipped(_LATER[1:]))
    found = connecting.result()
    network_checks = network_stage.judge(found, found.ms)
    if not found.connections:
        later = _skipped(_LATER[2:], "the daemon was not reached")
        return _Reached(file_checks + network_checks + later, _unreached(found), found.unresolved, found.left_out)
    own = loaded.cert.content
    chain = own or (canary.chain if canary else ())
    daemon = Daemon(
        found=found,
        server_name=target.server_name or found.address.host,
        authorities=loaded.ca.content or (),
        identities=Identities(loaded.pair, chain[0] if chain else None, canary, control),
        faults=frozenset(check.id for check in file_checks),
        needs_alpn=target.needs_alpn,
        listed=target.listed,
        now=now,
        timeout=timeout,
    )
    checks, addresses = probe_daemon(daemon)
    if _is_pinned(addresses, daemon.authorities):
        file_checks = _judge_files(target, evidence._replace(is_pinned=True), ms)
    return _Reached(file_checks + network_checks + checks, addresses, left_out=found.left_out)


def _judge_files(target: Target, evidence: "Files", ms: float) -> list[Check]:
    from certkit.probe.checks.client_files import files

    if target.authorities is not None:
        return [skipped("files", "the certificates are in memory")]
    return files.judge(evidence, ms)


def _is_pinned(addresses: tuple[ObservedAddress, ...], trusted: "Chain") -> bool:
    """Tell whether the daemon has proven to have the key of a certificate that is itself among those trusted."""
    from certkit.pki.certificates import to_der

    shown = [each.exchanges[CLIENT] for each in addresses if CLIENT in each.exchanges]
    return any(each.is_authenticated and each.chain[0] in map(to_der, trusted) for each in shown)


def _unreached(found: "Network") -> tuple[ObservedAddress, ...]:
    from certkit.probe.callers import observed  # as above

    return observed(found, {})


def _skipped(titles: tuple[str, ...], reason: str = _NOT_CONFIGURED) -> list[Check]:
    return [skipped(title, reason) for title in titles]
