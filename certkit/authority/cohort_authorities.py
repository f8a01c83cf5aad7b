"""The client authority under several names, so that no anchor grows large; a small team never sees them.

They appear in a publication when a team or its list of revoked names has grown, and sign as soon as every daemon is
proven to hold one. Their certificates lie in the ledger: they are public, and the same for every host.
"""

from collections.abc import Callable, Iterable

from cryptography.x509 import Certificate

from certkit.authority.session import Session
from certkit.authority.view import View, sound
from certkit.pki import certificates, names
from certkit.pki.certificates import Authority
from certkit.trust import cohorts

MANY_EXCLUDED = 400
"""A third of the names at which a daemon's TLS 1.3 fails towards OpenSSL's clients."""
MANY_PEOPLE = 1000
"""Even if all of them left within a year, no anchor would be too large by then."""


def wanted(view: View, excluded: Iterable[str]) -> bool:
    """Tell whether it is time for cohorts, or has been."""
    if since(view) is not None:
        return True
    return len(list(excluded)) >= MANY_EXCLUDED or view.ledger.count_people() >= MANY_PEOPLE


def since(view: View) -> int | None:
    """Return the number of the first publication with cohorts; None if there is none."""
    found = view.ledger.state("cohorts")
    with sound("the cohorts"):
        return int(found["since"]) if found else None


def introduce(session: Session, generations: Iterable[int], number: int) -> None:
    """Make the cohorts of these generations as far as they lack them; belongs into the transaction of a publication."""
    if since(session) is None:
        session.ledger.set_state("cohorts", {"since": number})
    for generation in generations:
        if _kept(session, generation):
            continue
        authority = session.authority("client", generation)
        made = [cohorts.make(authority, cohort).certificate for cohort in range(1, cohorts.COUNT)]
        pems = [certificates.to_pem(certificate).decode() for certificate in made]
        session.ledger.set_state(_state(generation), {"pems": pems})


def of(view: View, generation: int) -> list[Certificate]:
    """Return the certificates of a generation by cohort, its own first, which is alone before there are others."""
    return [view.certificate("client", generation), *_kept(view, generation)]


def signing(session: Session) -> Callable[[str], Authority]:
    """Open the authority that signs; return which one it is for a person, by name.

    It is that of their cohort where every daemon is proven to trust it.
    """
    return session.recalled("who signs", lambda: _signing(session))


def issuers(view: View) -> list[Certificate]:
    """Return the certificates of the authority that signs, by cohort."""
    return view.recalled("issuers", lambda: of(view, view.rotation("client").issuing))


def _signing(session: Session) -> Callable[[str], Authority]:
    authority, found = session.issuing("client"), since(session)
    if found is None or any(daemon.proven < found for daemon in session.ledger.daemons()):
        return lambda _person: authority
    known = of(session, session.rotation("client").issuing)

    def of_cohort(person: str) -> Authority:
        cohort = cohorts.cohort_of(names.label(person))
        return Authority(known[cohort], authority.signer) if cohort < len(known) else authority

    return of_cohort


def _kept(view: View, generation: int) -> list[Certificate]:
    found = view.ledger.state(_state(generation))
    with sound("the cohorts"):
        pems = [str(pem).encode() for pem in found["pems"]] if found else []
    return [certificates.load(pem) for pem in pems]


def _state(generation: int) -> str:
    return f"cohorts of client {generation}"
