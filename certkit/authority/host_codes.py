"""Codes for the hosts of daemons: made, and turned into the identity by which a host fetches its daemon's files."""

from datetime import timedelta

from cryptography.x509 import Certificate

from certkit.authority import daemons, host_sync, invitations, redemption
from certkit.authority.invitations import Invitation, State
from certkit.authority.session import Session
from certkit.errors import RefusedError
from certkit.ledger import interface as ledger
from certkit.pki import certificates, keys, requests


def invite(session: Session, name: str, *, life: timedelta) -> Invitation:
    """Make a code for the host of a daemon, good once; raise as `invitations.invite` does, and MissingError."""
    invitations.check_bounds(life, 1, None)
    daemon = daemons.find(session, name)
    host_sync.check_possible(session)
    draft = invitations.drafting(session, life, daemon=daemon.name)(None, None)
    with session.transaction():
        return invitations.record(session, draft)


def redeem(session: Session, code: ledger.Code, request: bytes) -> Certificate:
    """Answer a CSR that came with a host's code; the same key with the same code gets the same identity.

    Raises DeadCodeError for a code that is not good, and what `requests.read` raises.
    """
    public_key = requests.read(request)
    pin = keys.public_pin(public_key).hex()
    again = _answered_before(session, code, public_key)
    if again:
        return again
    invitations.check_open(session, code)

    def take(certificate: Certificate) -> None:
        invitations.check_open(session, session.ledger.code(code.digest) or code)
        use = ledger.CodeUse(session.now, pin, certificates.serial_text(certificate.serial_number))
        if not session.ledger.take_use(code.digest, use):
            raise invitations.dead(code, State.USED)

    try:
        return host_sync.give_identity(session, code.daemon or "", public_key, take)
    except RefusedError:  # by another process, which may have had the same request
        again = _answered_before(session, code, public_key)
        if again:
            return again
        raise


def _answered_before(session: Session, code: ledger.Code, public_key: keys.PublicKey) -> Certificate | None:
    for kept in redemption.given(session, code, public_key):
        host_sync.holder(session, kept.der)
        return certificates.load(kept.der)
    return None
