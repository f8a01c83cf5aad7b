"""Change a home: what a killed command has left unfinished is finished first, and the files follow at the end."""

import contextlib
from collections.abc import Iterator
from datetime import datetime

from certkit import files
from certkit.authority import journal
from certkit.authority.home import LOCK, Home, open_home
from certkit.authority.publication import publish
from certkit.authority.session import Session, unsettled
from certkit.authority.unfinished import finish
from certkit.ledger.interface import Actor


@contextlib.contextmanager
def changing(home: Home, actor: Actor, now: datetime) -> Iterator[Session]:
    """Open a home for one change, made by `actor` at `now`."""
    if journal.is_pending(home.path):  # first, for it may replace the settings, and with them where a passphrase is
        with files.locked(home.path / LOCK):
            journal.finish(home.path)
        home = open_home(home.path, home.passphrase.ask, home.named_ledger)
    with unsettled(home, actor, now) as session:
        finish(session)
        yield session


@contextlib.contextmanager
def publishing(session: Session) -> Iterator[None]:
    """Make a change of who is trusted and publish what follows from it, both or neither.

    Where nothing follows, as after the switch of a rotation, the former publication stays the newest.
    """
    session.authority("client")  # asks for the passphrase, if at all, before others have to wait
    with session.locked():
        with session.transaction():
            yield
            publish(session)
        finish(session)


def refresh(session: Session) -> None:
    """Publish what follows from the ledger as it is, if that is not published yet."""
    with publishing(session):
        pass
