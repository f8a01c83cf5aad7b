"""Years of leavers, through the ledger to the files: they stay small, and forget whom they may forget."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from certkit.authority.changes import publishing, refresh
from certkit.authority.issuance import issue
from certkit.authority.session import Session
from certkit.ledger.interface import Revocation
from certkit.pki import certificates, names
from certkit.trust import anchors, cohorts
from tests.authority.test_machine import split

MONTH, YEAR = timedelta(days=30), timedelta(days=365)
COHORTS = (cohorts.COUNT - 1) * 1024
"""Bytes, at the most, of what so large a team is told to trust beside its first anchor."""
PEOPLE, LEAVING = 1000, 8
"""How many there are, and how many of them leave in a month; others come in their place."""


def test_a_decade_with_a_thousand_people_leaves_the_files_small(session: Session, path: Path) -> None:
    chance, start = random.Random(4), session.now
    staying = [f"person{n}@acme.example" for n in range(PEOPLE)]
    for name in staying:
        issue(at(session, start), name, "laptop")
    ends: dict[str, datetime] = {}
    for month in range(1, 9 * 12):
        now = start + month * MONTH
        leavers = chance.sample(staying, LEAVING)
        for name in leavers:
            last = issue(at(session, now - chance.random() * min(YEAR, now - start)), name, "laptop")
            ends[names.person_name(name, "acme")] = last.certificate.not_valid_after_utc
        later = at(session, now)
        with publishing(later):
            for name in leavers:
                later.ledger.set_person_revoked(name, Revocation(now, "affiliationChanged"))
        staying = [*set(staying).difference(leavers), *(f"person{PEOPLE * month + n}" for n in range(LEAVING))]

        excluded = set(session.newest_anchors().excluded)
        assert {name for name, end in ends.items() if end > now} <= excluded
        assert excluded <= {name for name, end in ends.items() if end > now - anchors.GRACE}
        assert held(path).stat().st_size < 12 * 1024 + COHORTS
        lists = split(held(path, "crl.pem").read_bytes())
        # Two certificates each, a year and a month.
        assert sum(len(x509.load_pem_x509_crl(each)) for each in lists) < 27 * LEAVING
    assert len(ends) == 107 * LEAVING

    refresh(at(session, now + 14 * MONTH))
    assert session.newest_anchors().excluded == ()
    assert held(path).stat().st_size < 2 * 1024 + COHORTS
    [anchor, *others, _] = certificates.load_all(held(path).read_bytes())
    assert (anchor.subject, len(others)) == (session.certificate("client").subject, cohorts.COUNT - 1)


def held(path: Path, name: str = "ca.pem") -> Path:
    return path / "daemons" / "build" / name


def at(session: Session, now: datetime) -> Session:
    """Return the session at another time."""
    return replace(session, now=now)
