"""A team whose server was started once, without one that runs."""

from datetime import UTC, datetime
from pathlib import Path

from certkit.authority import server_identity
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.authority.session import Session
from certkit.enroll.codes import Server
from certkit.ledger.interface import Actor

SERVER = Server("ca.acme.example", 8443)
ACTOR = Actor("lead", "desk")


def started(home: Path, server: Server = SERVER) -> None:
    """Let the ledger know a server, which has its certificate."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        start(session, server)


def start(session: Session, server: Server = SERVER) -> server_identity.Identity:
    """Do what a server does at its start."""
    server_identity.remember(session, server)
    return server_identity.ensure(session)
