"""What `certkit probe` does.

Nothing here imports what reads certificates and speaks TLS and gRPC: the probe does while it waits for the network.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from certkit.cli import actions
from certkit.cli.support import context, targets
from certkit.cli.support.output import say, say_json
from certkit.cli.support.probe_report import as_data, show
from certkit.errors import MissingError
from certkit.probe import Given, Pair, Report, run


@dataclass(frozen=True)
class Form:
    """How a report is printed; a quiet one has only what is wrong."""

    as_json: bool
    quiet: bool


def probe(
    given: Given, client: str | None, config: Path | None, home: Path | None, timeout: float, form: Form
) -> Report:
    """Probe a daemon, and print the report."""
    target = targets.chosen(given, client, config)
    if not (form.as_json or form.quiet):
        say(*targets.heading(target))
    canary, listed = _knowledge(home, target.url)
    target = target._replace(listed=listed)
    report = run(target, os.environ, context.now(), timeout=timeout, canary=canary)
    if form.as_json:
        say_json(as_data(report))
    else:
        show(report, quiet=form.quiet)
    return report


def _knowledge(option: Path | None, url: str) -> tuple[Pair | None, tuple[bytes, ...] | None]:
    """Return what the lead's side adds: where the home is, and one of its daemons has this URL."""
    try:
        settings = context.home_path(option) / "team.yml"
    except MissingError:  # a user without a home folder, as in some containers
        return None, None
    if not os.access(settings, os.R_OK):
        return None, None
    return actions.lead_knowledge.of(option, url)  # imports the lead's side, which a laptop does not need
