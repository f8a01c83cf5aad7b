"""A server that is killed while it enrolls: the code is used exactly if the certificate is there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from certkit.authority import invitations
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.authority.invitations import Invitation
from certkit.pki import keys, requests
from certkit.pki.signer import KeySigner
from tests import killed
from tests.cli.conftest import ALICE, Lead
from tests.server.identity import ACTOR, started

REQUEST = requests.make_der(KeySigner(keys.generate("p256")))


def invite(home: Path) -> Invitation:
    """Make a code."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        return invitations.invite(session, ALICE, "desk", life=timedelta(hours=1))


def redeem(home: Path, code: Invitation) -> int:
    """Use it, and return the serial number of the certificate."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        return invitations.redeem(session, code.code.secret, REQUEST).certificate.serial_number


def test_whoever_tries_again_gets_the_one_certificate_of_the_code(lead: Lead, home: Path) -> None:
    started(home)
    code, found = invite(home), set()
    for _ in killed.at_every_moment(lambda: redeem(home, code)):
        [state] = lead("invite", "list", "--json").data["codes"]
        events = [each for each in lead("log", "--json").data["events"] if each["action"] == "issue"]
        assert state["used"] == len(events)
        if events:
            found.add(redeem(home, code))
    assert len(found) == 1
