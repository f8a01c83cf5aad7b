"""How large what a team publishes and keeps has grown, and which limits that comes near."""

from typing import NamedTuple

from certkit.authority.view import View
from certkit.ledger.interface import Daemon

SECRET = 1 << 20
"""Bytes that a Kubernetes Secret holds, all of its files together."""
BACKUP = 1 << 30
"""Bytes of the largest home that is backed up: all of it is in memory, several times."""
_NEAR = 3 / 4
"""The part of a limit from which on it is told, so that there is time to do something about it."""
_PAIR = 8 * 1024
"""Bytes that a daemon's certificate and key have at the most."""


class Sizes(NamedTuple):
    """Bytes, and names."""

    anchors: int
    """Of the newest `ca.pem`."""
    excluded: int
    """The names that its anchors exclude."""
    crl: int
    """Of the newest `crl.pem`."""
    ledger: int
    """What the database takes."""

    @property
    def nears_backup(self) -> bool:
        """Whether the home will soon be too large for a backup."""
        return self.ledger >= _NEAR * BACKUP

    def nears_secret(self, daemon: Daemon) -> bool:
        """Tell whether a daemon's files will soon be too large for the Kubernetes Secret that they are in."""
        is_secret = daemon.deployment is not None and daemon.deployment.kind == "kubernetes" and not daemon.sync
        return is_secret and self.anchors + self.crl + _PAIR >= _NEAR * SECRET


def sizes(view: View) -> Sizes:
    """Look how large everything is."""
    newest = view.newest_anchors()
    return Sizes(len(newest.ca), len(newest.excluded), len(newest.crl), view.ledger.size())
