"""What a server makes for those who wait together, each with what the ledger is asked for it: of many at once."""

from collections.abc import Callable
from dataclasses import dataclass

from certkit.authority.issuance import Certified
from certkit.authority.session import Session
from certkit.ledger.interface import Application


@dataclass(frozen=True)
class Admission:
    """What gives somebody a certificate inside a transaction."""

    application: Application
    """What `Ledger.applicant` is asked for it."""
    record: Callable[[Session], Certified]

    def __call__(self, session: Session) -> Certified:
        """Record the certificate and give it."""
        return self.record(session)
