"""Open a home to be changed: what a killed command has left unfinished is finished first."""

import contextlib
from collections.abc import Iterator
from datetime import datetime

from certkit import files
from certkit.authority import journal
from certkit.authority.home import LOCK, Home, open_home
from certkit.authority.session import Session, unsettled
from certkit.authority.unfinished import finish
from certkit.ledger.interface import Actor


@contextlib.contextmanager
def changing(home: Home, actor: Actor, now: datetime) -> Iterator[Session]:
    """Open a home for one change, made by `actor` at `now`."""
    if journal.is_pending(home.path):  # first, for it may replace the settings, and with them where a passphrase is
        with files.locked(home.path / LOCK):
            journal.finish(home.path)
        home = open_home(home.path, home.passphrase.ask)
    with unsettled(home, actor, now) as session:
        finish(session)
        yield session
