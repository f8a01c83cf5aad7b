"""The canary that a lead's `certkit probe` shows to a daemon."""

from pathlib import Path

from certkit.authority.daemon_check import canary_for
from certkit.cli.support import home_access
from certkit.probe import Pair


def of(home: Path | None, url: str) -> Pair | None:
    """Return the home's canary, if one of its daemons has this URL."""
    with home_access.reading(home) as view:
        return canary_for(view, url)
