"""What a ledger that has lost its newest changes must take for possible: what was done in them is not known."""

from certkit.authority.home import RESTORED
from certkit.authority.session import Session


def forget(session: Session, last_publication: int) -> None:
    """Forget what daemons hold, and remember that the ledger is an older one; inside a transaction.

    `last_publication` is the newest that is known to have been made. Whoever was let in behind what the ledger knows
    may have a certificate of the longest life that was ever granted, from now on or from the newest that is known, if
    this clock is behind. What was forgotten before stays forgotten.
    """
    known, former = session.ledger.certificates("device"), session.restored()
    granted = [each.not_after - each.not_before for each in known]
    longest = max([*granted, session.settings.bundle_life, session.settings.device_life])
    until = max([session.now, *(each.created for each in known)]) + longest
    session.ledger.set_state(
        RESTORED,
        {
            "at": session.now.isoformat(),
            "until": max(until, former.until if former else until).isoformat(),
            "last_publication": last_publication,
        },
    )
    for daemon in session.ledger.daemons():
        session.ledger.put_daemon(daemon._replace(proven=0, serving="", proven_at=None))
