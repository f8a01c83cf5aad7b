"""What daemons are told to trust: published in the ledger first, then written into every daemon's folder."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta

from certkit.authority import canaries
from certkit.authority.session import Session
from certkit.authority.unfinished import finish
from certkit.ledger.interface import Anchors, RevokedCertificate
from certkit.pki import certificates, names
from certkit.pki.certificates import BACKDATED, Authority
from certkit.trust import anchors, crl
from certkit.trust.anchors import ShutOut
from certkit.trust.canary import Canary

CRL_LIFE = timedelta(days=400)
"""Long: whatever reads the list refuses everybody once it is out of date."""
PASSED_OVER = "anchors passed over"


@contextlib.contextmanager
def publishing(session: Session) -> Iterator[None]:
    """Make a change of who is trusted and publish the anchors that follow from it, both or neither.

    Where nothing follows, as after the switch of a rotation, the former anchors stay the newest.
    """
    session.authority("client")  # asks for the passphrase, if at all, before others have to wait
    with session.locked():
        with session.transaction():
            yield
            made = _publish(session)
        if made:
            canaries.keep(session, made)
        finish(session)


def refresh(session: Session) -> None:
    """Publish what follows from the ledger as it is, if that is not published yet."""
    with publishing(session):
        pass


def _publish(session: Session) -> Canary | None:
    now, former = session.now, session.ledger.newest_anchors()
    previous = former.created if former else now
    generations = session.rotation("client").trusted
    revoked = session.ledger.revoked_certificates(min(previous, now - anchors.GRACE))
    excluded = tuple(anchors.exclusions(_shut_out(session.team, revoked), now))
    is_fresh = now - previous < CRL_LIFE / 2
    if former and is_fresh and (former.generations, former.excluded) == (generations, excluded):
        return None
    number = _next_number(session, former)
    authorities = [session.authority("client", generation) for generation in generations]
    lists = [
        crl.to_pem(crl.crl(authority, _entries(authority, revoked), number, now - BACKDATED, CRL_LIFE, previous))
        for authority in authorities
    ]
    ca = anchors.ca_pem(authorities, excluded, number)
    session.ledger.add_anchors(Anchors(number, now, ca, b"".join(lists), generations, excluded))
    return canaries.make(session, generations[-1], number)


def _next_number(session: Session, former: Anchors | None) -> int:
    passed_over: int = (session.ledger.state(PASSED_OVER) or {}).get("number", 0)
    return max(former.number if former else 0, passed_over) + 1


def _shut_out(team: str, revoked: Sequence[RevokedCertificate]) -> Iterator[ShutOut]:
    for each in revoked:
        if each.by_person:
            yield ShutOut(names.person_name(each.person, team), each.not_after)
        if each.by_device:
            yield ShutOut(names.device_name(each.device, each.person, team), each.not_after)


def _entries(authority: Authority, revoked: Sequence[RevokedCertificate]) -> Iterator[crl.Entry]:
    issuer = certificates.fingerprint(authority.certificate)
    for each in revoked:
        why = each.by_device or each.by_person
        if why and each.issuer == issuer:
            yield crl.Entry(int(each.serial, 16), why.at, why.reason, each.not_after)
