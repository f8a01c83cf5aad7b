"""A daemon's host, played: it does what a host asks the server for, by the operations and without a server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from certkit.authority import host_codes, host_sync, redemption
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.authority.host_sync import Outcome, Report
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner
from tests.server.identity import ACTOR, start


def sync(home: Path, daemon: str = "build") -> None:
    """Enroll as the host of a daemon, get its certificate, and say that it serves that."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        start(session)
        code = host_codes.invite(session, daemon, life=timedelta(hours=1)).code
        kept = redemption.find(session, code.secret)
        identity = certificates.to_der(host_codes.redeem(session, kept, _request()))
        serial = certificates.serial_text(host_sync.certify(session, identity, _request()).serial_number)
        number = session.newest_anchors().number
        host_sync.take_report(session, identity, Report(Outcome.WAITING, number, serial))
        host_sync.take_report(session, identity, Report(Outcome.PROVEN, number, serial))


def _request() -> bytes:
    return requests.make_der(KeySigner(keys.generate("p256")))
