"""Certificates that were recorded for many at once and are not known to have been delivered, by their serials."""

from collections.abc import Sequence

from certkit.authority.session import Session
from certkit.authority.view import View, sound

_STATE = "undelivered"


def serials(view: View) -> list[str]:
    """Return them; one that has a successor is not waited for."""
    found = view.ledger.state(_STATE)
    with sound("what was not delivered"):
        kept = [str(each) for each in found["serials"]] if found else []
    newest = {each.serial for each in view.ledger.certificates("device", newest_only=True)} if kept else set()
    return [each for each in kept if each in newest]


def keep(session: Session, *, added: Sequence[str] = (), removed: Sequence[str] = ()) -> None:
    """Change which they are; belongs into a transaction."""
    gone = set(removed)
    left = [each for each in [*serials(session), *added] if each not in gone]
    session.ledger.set_state(_STATE, {"serials": left})
