"""Codes for the hosts of daemons: made, and turned into the identity by which a host fetches its daemon's files."""

from datetime import timedelta

from cryptography.x509 import Certificate

from certkit.authority import daemons, host_sync, invitations, server_identity
from certkit.authority.invitations import DeadCodeError, Invitation, State
from certkit.authority.session import Session
from certkit.enroll import codes
from certkit.errors import RefusedError
from certkit.ledger import interface as ledger
from certkit.pki import certificates, keys, requests


def invite(session: Session, name: str, *, life: timedelta) -> Invitation:
    """Make a code for the host of a daemon, good once; raise as `invitations.invite` does, and MissingError."""
    invitations.check_bounds(life, 1, None)
    daemon, secret = daemons.find(session, name), codes.new_secret()
    host_sync.check_possible(session)
    code = codes.Code(server_identity.address(session), server_identity.pin(session), secret, is_for_host=True)
    kept = ledger.Code(
        digest=codes.digest(secret),
        person=None,
        device=None,
        client="",
        created=session.now,
        expires=session.now + life,
        uses=1,
        left=1,
        daemon=daemon.name,
    )
    with session.transaction():
        session.ledger.add_code(kept)
        session.record("invite", daemon.name, code=invitations.identify(kept))
    return Invitation(code, invitations.state_of(session, kept))


def redeem(session: Session, code: ledger.Code, request: bytes) -> Certificate:
    """Answer a CSR that came with a host's code; the same key with the same code gets the same identity.

    Raises DeadCodeError for a code that is not good, and what `requests.read` raises.
    """
    public_key = requests.read(request)
    pin = keys.public_pin(public_key).hex()
    again = _answered_before(session, code, pin)
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
    except (DeadCodeError, RefusedError):  # by another process, which may have had the same request
        again = _answered_before(session, code, pin)
        if again:
            return again
        raise


def _answered_before(session: Session, code: ledger.Code, pin: str) -> Certificate | None:
    for use in session.ledger.uses_of_code(code.digest):
        kept = session.ledger.certificate(use.serial) if use.pin == pin else None
        if kept and kept.not_after > session.now:
            host_sync.holder(session, kept.der)
            return certificates.load(kept.der)
    return None
