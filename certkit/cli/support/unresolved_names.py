"""A daemon's names that this machine cannot resolve: worth a note, for laptops may have another name server."""

from collections.abc import Sequence

from certkit.cli.support.output import tell
from certkit.probe import network

_PATIENCE = 2.0
"""Seconds for all names together."""


def tell_of(hosts: Sequence[str]) -> None:
    """Name those of a daemon's names that do not resolve here."""
    missing = network.unresolved(hosts, _PATIENCE)
    if missing:
        verb = "does" if len(missing) == 1 else "do"
        tell(
            f"{' and '.join(missing)} {verb} not resolve here.",
            "Every laptop must find it, by its name server or its hosts file.",
        )
