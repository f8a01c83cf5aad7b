"""A team of many, as years of `issue` and `revoke` leave it: rows straight into the ledger."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from certkit.ledger import file_url, open_ledger
from certkit.ledger.interface import Actor, Certificate, Device, Event, Person, Revocation
from certkit.pki import names
from tests.team import Team

_YEAR = timedelta(days=365)


def fill(team: Team, staying: int, leavers: int) -> None:
    """Add people with a laptop each, whose certificates are copies of Alice's that end throughout the year to come."""
    now = datetime.now(UTC).replace(microsecond=0)
    with closing(open_ledger(file_url(team.home / "ledger.sqlite"))) as ledger, ledger.transaction():
        [alice] = ledger.certificates("device")
        for name, certificate in _certificates(alice, [*_named("staying", staying), *_named("leaver", leavers)], now):
            ledger.add_person(Person(name, names.label(name), certificate.created))
            ledger.add_device(Device(name, "laptop", "laptop", certificate.created))
            ledger.add_certificate(certificate)
            detail = {"device": "laptop", "serial": certificate.serial}
            ledger.add_event(Event(certificate.created, Actor("lead", "vm"), "issue", name, detail))
        for name in _named("leaver", leavers):
            ledger.set_person_revoked(name, Revocation(now, "affiliationChanged"))


def _named(kind: str, count: int) -> list[str]:
    return [f"{kind}{number}@acme.example" for number in range(count)]


def _certificates(like: Certificate, people: list[str], now: datetime) -> Iterator[tuple[str, Certificate]]:
    for number, name in enumerate(people):
        end = now + _YEAR * ((number * 7919 % len(people) + 1) / len(people))
        begin = end - _YEAR
        pin = sha256(name.encode()).hexdigest()
        own = like._replace(person=name, device="laptop", serial=pin[:38], pin=pin)
        yield name, own._replace(not_before=begin, not_after=end, created=begin)
