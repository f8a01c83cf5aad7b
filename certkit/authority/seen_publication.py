"""The newest publication that a host has seen, in its home: a database that knows less has lost something.

A standby that is promoted may lack what was committed last. What daemons were told then is out there all the same,
and a number must never be given twice.
"""

import contextlib
import json

from certkit import files
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.errors import CertkitError

_FILE = ".seen.json"
"""It lies in the home and in no backup: what is true of one host's past is no part of another one's."""


def lost(view: View, newest: int) -> int | None:
    """Return the number of a publication that was made and that the ledger has lost; None if it has lost none."""
    if not view.home.shares_ledger:  # a file goes with its home
        return None
    restored, seen = view.restored(), _seen(view)
    return seen if seen > max(newest, restored.last_publication if restored else 0) else None


def note(session: Session) -> None:
    """Remember the newest publication, where several hosts share a ledger."""
    if session.home.shares_ledger and (newest := session.ledger.newest_number()) > _seen(session):
        files.write(session.path / _FILE, json.dumps({"publication": newest}).encode())


def _seen(view: View) -> int:
    with contextlib.suppress(CertkitError, ValueError, TypeError, KeyError, RecursionError):
        return int(json.loads(files.read(view.path / _FILE))["publication"])
    return 0
