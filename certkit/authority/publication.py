"""What daemons are told to trust: published in the ledger first, then written into every daemon's folder."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum

from cryptography.x509 import Certificate

from certkit.authority import cohort_authorities
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.ledger.interface import Anchors, RevokedCertificate
from certkit.pki import certificates, names
from certkit.pki.certificates import Authority
from certkit.trust import anchors, cohorts, crl, label
from certkit.trust.anchors import ShutOut
from certkit.trust.label import Label

CRL_LIFE = timedelta(days=400)
"""Long: whatever reads the list refuses everybody once it is out of date."""
_SLACK = timedelta(hours=1)
"""By how much a clock may be put back without a new publication."""


def publish(session: Session) -> None:
    """Record what daemons are to trust from now on, if it is not what they are told already; inside a transaction."""
    if is_due(session):
        _publish(session)


def is_due(view: View) -> bool:
    """Tell whether what follows from the ledger is not what was published last."""
    former = view.ledger.newest_anchors()
    if former is None or must_replace(view, former):
        return True
    is_stale = view.now - former.created >= CRL_LIFE / 2
    generations, excluded = view.rotation("client").trusted, _excluded(view)
    return is_stale or (former.generations, former.excluded) != (generations, excluded)


class Stale(StrEnum):
    """Why a publication cannot stand, whatever it says: no command was interrupted, and a new one must follow."""

    FORMER_FORM = "publication-of-former-form"
    """It has no label."""
    DATED_AHEAD = "publication-dated-ahead"
    """It is dated in the future, by a clock that was ahead."""
    BEFORE_RESTORE = "publication-before-restore"
    """The home has been restored since, and what was published after the backup is not known."""


def why_stale(view: View, newest: Anchors) -> Stale | None:
    """Return why a publication cannot stand; None if it can."""
    restored = view.restored()
    if restored is not None and newest.number <= restored.last_publication:
        return Stale.BEFORE_RESTORE
    if newest.created > view.now + _SLACK:
        return Stale.DATED_AHEAD
    return Stale.FORMER_FORM if label_of(newest) is None else None


def must_replace(view: View, newest: Anchors) -> bool:
    """Tell whether a publication cannot stand."""
    return why_stale(view, newest) is not None


def label_of(anchors: Anchors) -> Label | None:
    """Return the label of a publication; None for one of the former form."""
    last = anchors.ca[max(anchors.ca.rfind(b"-----BEGIN"), 0) :]  # the anchors before it may be large
    return label.parse(certificates.load(last).subject)


def published(view: View) -> list[Certificate]:
    """Return all that is in the newest `ca.pem`: the anchors, and last the label."""
    return certificates.load_all(view.newest_anchors().ca)


def _publish(session: Session) -> None:
    now, former = session.now, session.ledger.newest_anchors()
    restored = session.restored()
    number = max(former.number if former else 0, restored.last_publication if restored else 0) + 1
    previous = min(former.created, now) if former else now
    generations, excluded = session.rotation("client").trusted, _excluded(session)
    if cohort_authorities.wanted(session, excluded):
        cohort_authorities.introduce(session, generations, number)
    trusted = list(_trusted(session, generations))
    revoked = session.ledger.revoked_certificates(min(previous, now - anchors.GRACE))
    lists = [crl.crl(each, _entries(each, revoked), number, now, CRL_LIFE, previous) for each, _ in trusted]
    ca = anchors.ca_pem(trusted, session.team, number)
    session.ledger.add_anchors(Anchors(number, now, ca, b"".join(map(crl.to_pem, lists)), generations, excluded))


def _trusted(session: Session, generations: Sequence[int]) -> Iterator[tuple[Authority, list[str]]]:
    """Return every authority that daemons shall trust, cohort by cohort, each with the names that it must exclude."""
    revoked = session.ledger.revoked_certificates(session.now - anchors.GRACE)
    forgotten = list(_forgotten(session))
    for generation in generations:
        signer = session.authority("client", generation).signer
        for cohort, certificate in enumerate(cohort_authorities.of(session, generation)):
            issuer = certificates.fingerprint(certificate)
            known = _bearers(session.team, (each for each in revoked if each.issuer == issuer))
            possible = (shut_out for label, shut_out in forgotten if cohort in cohorts.possible(label))
            yield Authority(certificate, signer), anchors.exclusions([*known, *possible], session.now)


def _excluded(view: View) -> tuple[str, ...]:
    """Return all names that are excluded, by whichever anchor."""
    revoked = view.ledger.revoked_certificates(view.now - anchors.GRACE)
    shut_out = [*_bearers(view.team, revoked), *(each for _, each in _forgotten(view))]
    return tuple(anchors.exclusions(shut_out, view.now))


def _bearers(team: str, revoked: Iterable[RevokedCertificate]) -> Iterator[ShutOut]:
    """Return the names that are revoked, each with the end of a certificate that bears it."""
    for each in revoked:
        if each.by_person:
            yield ShutOut(names.person_name(each.person, team), each.not_after)
        if each.by_device:
            yield ShutOut(names.device_name(each.device, each.person, team), each.not_after)


def _forgotten(view: View) -> Iterator[tuple[str, ShutOut]]:
    """Return the names that are revoked, as certificates may bear them that a restored ledger does not know.

    Each comes with its person's label, by which it belongs to a cohort.
    """
    restored = view.restored()
    if restored is None or not view.may_have_forgotten():
        return
    for person in view.ledger.people():
        if person.revoked:
            yield person.label, ShutOut(names.person_name(person.name, view.team), restored.until)
    for device in view.ledger.devices():
        if device.revoked:
            name = names.device_name(device.name, device.person, view.team)
            yield names.label(device.person), ShutOut(name, restored.until)


def _entries(authority: Authority, revoked: Sequence[RevokedCertificate]) -> Iterator[crl.Entry]:
    issuer = certificates.fingerprint(authority.certificate)
    for each in revoked:
        why = each.by_device or each.by_person
        if why and each.issuer == issuer:
            yield crl.Entry(int(each.serial, 16), why.at, why.reason, each.not_after)
