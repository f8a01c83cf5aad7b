"""What `certkit probe` does.

Nothing here imports what reads certificates and speaks TLS and gRPC: the probe does while it waits for the network.
"""

import os
from dataclasses import replace
from pathlib import Path

from certkit.cli import actions
from certkit.cli.support import context, targets
from certkit.cli.support.output import say, say_json
from certkit.cli.support.probe_report import as_data, show
from certkit.probe import Given, Pair, run


def probe(
    given: Given, client: str | None, config: Path | None, home: Path | None, timeout: float, *, as_json: bool
) -> bool:
    """Probe a daemon and report; return whether all is well."""
    target = targets.chosen(given, client, config)
    if not as_json:
        say(targets.heading(target))
    canary, listed = _knowledge(home, target.url)
    target = replace(target, listed=listed)
    report = run(target, os.environ, context.now(), timeout=timeout, canary=canary)
    if as_json:
        say_json(as_data(report))
    else:
        show(report)
    return report.ok


def _knowledge(option: Path | None, url: str) -> tuple[Pair | None, tuple[bytes, ...] | None]:
    """Return what the lead's side adds: where the home is, and one of its daemons has this URL."""
    if not os.access(context.home_path(option) / "team.yml", os.R_OK):
        return None, None
    return actions.lead_knowledge.of(option, url)  # imports the lead's side, which a laptop does not need
