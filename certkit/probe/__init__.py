"""Prove that a daemon serves the right ones and refuses everyone else: `run(target, …) -> Report` is the only way in.

Importing this costs nothing: what reads certificates and speaks TLS and gRPC is imported by a run.
"""

from collections.abc import Mapping
from datetime import datetime

from certkit.probe.report import Check, Report
from certkit.probe.target import Given, Pair, Target

TIMEOUT = 5.0
"""Seconds that each step over the network may take."""

__all__ = ["TIMEOUT", "Check", "Given", "Pair", "Report", "Target", "prepare", "run"]


def run(
    target: Target,
    environ: Mapping[str, str],
    now: datetime,
    *,
    timeout: float = TIMEOUT,
    canary: Pair | None = None,
    control: Pair | None = None,
) -> Report:
    """Probe a target, each step over the network within `timeout` seconds; what is wrong is in the report.

    Args:
        target: The daemon, and the files or the certificates to reach it with.
        environ: The environment that the client would see.
        now: The time to judge certificates by.
        timeout: Seconds.
        canary: A revoked certificate and its key, for whoever holds one: the daemon must refuse it.
        control: The like of the canary whose name is not excluded: the daemon must let it in, or the canary's refusal
            says nothing about its name.

    """
    from certkit.probe import runner  # see above

    return runner.run(target, environ, now, timeout=timeout, canary=canary, control=control)


def prepare() -> None:
    """Import what a run needs, beside what waits for somebody: with gRPC it is as much as all else of a command."""
    from certkit.probe import daemon, runner  # noqa: F401

    daemon.import_grpc()
