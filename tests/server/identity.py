"""A team whose server was started once, without one that runs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from certkit.authority import invitations, redemption, server_identity
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.authority.issuance import Certified
from certkit.authority.redemption import TakenError
from certkit.authority.session import Session
from certkit.enroll.codes import Server
from certkit.ledger.interface import Actor
from certkit.pki import keys, requests
from certkit.pki.signer import KeySigner

SERVER = Server("ca.acme.example", 8443)
ACTOR = Actor("lead", "desk")


def started(home: Path, server: Server = SERVER) -> None:
    """Let the ledger know a server, which has its certificate."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        start(session, server)


def enroll(home: Path, person: str, device: str) -> None:
    """Let a device enroll with a code of a server that was started."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        made = invitations.invite(session, person, device, life=timedelta(hours=1))
        request = requests.make_der(KeySigner(keys.generate("p256")))
        redeem(session, made.code.secret, request)


def redeem(session: Session, secret: bytes, request: bytes) -> Certified:
    """Use a code as a server does, for one who waits alone."""
    record = redemption.prepare(session, redemption.find(session, secret), request)
    try:
        with session.transaction():
            return record(session)
    except TakenError:
        again = redemption.prepare(session, redemption.find(session, secret), request)
        with session.transaction():
            return again(session)


def start(session: Session, server: Server = SERVER) -> server_identity.Identity:
    """Do what a server does at its start."""
    server_identity.remember(session, server)
    return server_identity.ensure(session)
