"""A server that is killed while it enrolls, renews or invites: all of it was done, or none, and asking again helps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from certkit.authority import invitations, renewals
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.authority.invitations import Invitation, Invited
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner
from tests import killed
from tests.cli.conftest import ALICE, Lead
from tests.server import identity
from tests.server.identity import ACTOR, started

REQUEST, NEXT = (requests.make_der(KeySigner(keys.generate("p256"))) for _ in range(2))


def invite(home: Path) -> Invitation:
    """Make a code."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        return invitations.invite(session, ALICE, "desk", life=timedelta(hours=1))


def redeem(home: Path, code: Invitation) -> bytes:
    """Use it, and return the certificate."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        return certificates.to_der(identity.redeem(session, code.code.secret, REQUEST).certificate)


def renew(home: Path, shown: bytes) -> bytes:
    """Show a certificate, and return the next one."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        visit, renewal = (
            renewals.visit(session, renewals.holder(session, shown)),
            renewals.renewal(session, shown, NEXT),
        )
        with session.transaction():
            visit(session)
            return certificates.to_der(renewal(session).certificate)


def issued(lead: Lead) -> int:
    """Return how many certificates were issued."""
    return len([each for each in lead("log", "--json").data["events"] if each["action"] == "issue"])


def test_whoever_tries_again_gets_the_one_certificate_of_the_code(lead: Lead, home: Path) -> None:
    started(home)
    code, found = invite(home), set()
    for _ in killed.at_every_moment(lambda: redeem(home, code)):
        [state] = lead("invite", "list", "--json").data["codes"]
        assert state["used"] == issued(lead)
        if issued(lead):
            found.add(redeem(home, code))
    assert len(found) == 1


def test_whoever_renews_again_gets_the_one_next_certificate(lead: Lead, home: Path) -> None:
    started(home)
    first, found = redeem(home, invite(home)), set()
    for _ in killed.at_every_moment(lambda: renew(home, first)):
        assert issued(lead) in {1, 2}
        if issued(lead) == 2:
            found.add(renew(home, first))
    assert len(found) == 1
    assert issued(lead) == 2


def test_of_a_list_everybody_is_invited_or_nobody(lead: Lead, home: Path) -> None:
    started(home)
    wanted = [Invited("Al"), Invited("Bo", "lap"), Invited("Cy", client="buildx")]

    def invite_all() -> None:
        with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
            invitations.invite_listed(session, wanted, life=timedelta(hours=1))

    for _ in killed.at_every_moment(invite_all):
        assert len(lead("invite", "list", "--json").data["codes"]) % 3 == 0
        lead("invite", "cancel", "Al")
    assert {each["person"] for each in lead("list", "--json").data["devices"]} == {"Al", "Bo", "Cy"}
