"""What the home knows of a daemon that a laptop's `certkit probe` does not."""

from pathlib import Path

from certkit.authority.daemon_check import knowledge_of
from certkit.cli.support import home_access
from certkit.probe import Pair


def of(home: Path | None, url: str) -> tuple[Pair | None, tuple[bytes, ...] | None]:
    """Return the canary, and what the newest anchors list, if one of the home's daemons has this URL."""
    with home_access.reading(home) as view:
        return knowledge_of(view, url)
