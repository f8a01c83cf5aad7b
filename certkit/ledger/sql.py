"""The ledger in SQL, written once for every database with a DB-API driver.

Statements name their parameters as `:name`; a dialect says what its database spells differently.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from certkit.errors import CertkitError, Refused
from certkit.ledger.interface import Certificate, Daemon, Device, Event, Kind, Person, Revocation
from certkit.ledger.migrations import MIGRATIONS

Row = Sequence[Any]
Values = Mapping[str, object]
T = TypeVar("T")


class Database(Protocol):
    """A connection that commits each statement by itself unless `begin` was called."""

    spelling: Mapping[str, str]
    """How this database spells `{identity}` and `{bytes}` in a schema."""

    def execute(self, statement: str, values: Values) -> list[Row]:
        """Run one statement; raises `Taken` where a unique value is taken already."""

    def begin(self) -> None:
        """Begin a transaction that no other writer can be in at the same time."""

    def commit(self) -> None:
        """Make the transaction last."""

    def rollback(self) -> None:
        """Undo the transaction."""

    def close(self) -> None:
        """Let go."""


class Taken(CertkitError):
    """A value that must be unique is there already."""


@dataclass(frozen=True)
class SqlLedger:
    """A ledger (`interface.Ledger`) on a database; the schema is brought up to date by `migrate`."""

    database: Database

    def migrate(self) -> None:
        """Apply the steps that this database lacks, the first ones to an empty one."""
        with self.transaction():
            self._run("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)")
            done = self.version()
            for number, steps in enumerate(MIGRATIONS[done:], start=done + 1):
                for step in steps:
                    self._run(step.format_map(self.database.spelling))
                self._run("INSERT INTO migrations VALUES (:number)", number=number)

    def version(self) -> int:
        """Give the number of steps applied; raises CertkitError if it is more than this certkit knows."""
        [[done]] = self._run("SELECT count(*) FROM migrations")
        if done > len(MIGRATIONS):
            raise CertkitError("the ledger was written by a newer certkit", "Update certkit on this machine.")
        return int(done)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """See `interface.Ledger`."""
        self.database.begin()
        try:
            yield
        except BaseException:
            self.database.rollback()
            raise
        self.database.commit()

    def close(self) -> None:
        """See `interface.Ledger`."""
        self.database.close()

    def add_person(self, person: Person) -> None:
        """See `interface.Ledger`."""
        with _taken(f"the name {person.name} is too like that of somebody else"):
            self._run(
                "INSERT INTO people VALUES (:name, :label, :created, NULL, NULL)",
                name=person.name,
                label=person.label,
                created=_text(person.created),
            )

    def person(self, name: str) -> Person | None:
        """See `interface.Ledger`."""
        return _first(_person, self._run("SELECT * FROM people WHERE name = :name", name=name))

    def people(self) -> list[Person]:
        """See `interface.Ledger`."""
        return [_person(row) for row in self._run("SELECT * FROM people ORDER BY name")]

    def add_device(self, device: Device) -> None:
        """See `interface.Ledger`."""
        with _taken(f"the name {device.name} is too like that of another device of {device.person}"):
            self._run(
                "INSERT INTO devices VALUES (:person, :name, :label, :created, NULL, NULL)",
                person=device.person,
                name=device.name,
                label=device.label,
                created=_text(device.created),
            )

    def device(self, person: str, name: str) -> Device | None:
        """See `interface.Ledger`."""
        rows = self._run("SELECT * FROM devices WHERE person = :person AND name = :name", person=person, name=name)
        return _first(_device, rows)

    def devices(self, person: str | None = None) -> list[Device]:
        """See `interface.Ledger`."""
        where = "" if person is None else "WHERE person = :person"
        statement = f"SELECT * FROM devices {where} ORDER BY person, name"  # noqa: S608  literals only
        return [_device(row) for row in self._run(statement, person=person)]

    def set_person_revoked(self, name: str, revoked: Revocation | None) -> None:
        """See `interface.Ledger`."""
        self._run(
            "UPDATE people SET revoked_at = :at, revoked_reason = :reason WHERE name = :name",
            name=name,
            **_revocation_values(revoked),
        )

    def set_device_revoked(self, person: str, name: str, revoked: Revocation | None) -> None:
        """See `interface.Ledger`."""
        self._run(
            "UPDATE devices SET revoked_at = :at, revoked_reason = :reason WHERE person = :person AND name = :name",
            person=person,
            name=name,
            **_revocation_values(revoked),
        )

    def put_daemon(self, daemon: Daemon) -> None:
        """See `interface.Ledger`."""
        self._run(
            "INSERT INTO daemons VALUES (:name, :url, :hosts, :created, :proven) ON CONFLICT (name) DO UPDATE "
            "SET url = excluded.url, hosts = excluded.hosts, proven = excluded.proven",
            name=daemon.name,
            url=daemon.url,
            hosts=json.dumps(daemon.hosts),
            created=_text(daemon.created),
            proven=daemon.proven,
        )

    def daemon(self, name: str) -> Daemon | None:
        """See `interface.Ledger`."""
        return _first(_daemon, self._run("SELECT * FROM daemons WHERE name = :name", name=name))

    def daemons(self) -> list[Daemon]:
        """See `interface.Ledger`."""
        return [_daemon(row) for row in self._run("SELECT * FROM daemons ORDER BY name")]

    def add_certificate(self, certificate: Certificate) -> None:
        """See `interface.Ledger`."""
        self._run(
            "INSERT INTO certificates "
            "(serial, kind, issuer, person, device, daemon, not_before, not_after, der, created) VALUES "
            "(:serial, :kind, :issuer, :person, :device, :daemon, :not_before, :not_after, :der, :created)",
            serial=certificate.serial,
            kind=certificate.kind,
            issuer=certificate.issuer,
            person=certificate.person,
            device=certificate.device,
            daemon=certificate.daemon,
            not_before=_text(certificate.not_before),
            not_after=_text(certificate.not_after),
            der=certificate.der,
            created=_text(certificate.created),
        )

    def certificate(self, serial: str) -> Certificate | None:
        """See `interface.Ledger`."""
        return _first(_certificate, self._run(f"{_CERTIFICATES} WHERE serial = :serial", serial=serial))

    def certificates(
        self,
        kind: Kind,
        *,
        person: str | None = None,
        daemon: str | None = None,
        unexpired_at: datetime | None = None,
        newest_only: bool = False,
    ) -> list[Certificate]:
        """See `interface.Ledger`."""
        conditions = ["kind = :kind"]
        if person is not None:
            conditions.append("person = :person")
        if daemon is not None:
            conditions.append("daemon = :daemon")
        if unexpired_at is not None:
            conditions.append("not_after > :at")
        if newest_only:
            conditions.append("id IN (SELECT max(id) FROM certificates GROUP BY kind, person, device, daemon)")
        rows = self._run(
            f"{_CERTIFICATES} WHERE {' AND '.join(conditions)} ORDER BY id",
            kind=kind,
            person=person,
            daemon=daemon,
            at=unexpired_at and _text(unexpired_at),
        )
        return [_certificate(row) for row in rows]

    def add_event(self, event: Event) -> None:
        """See `interface.Ledger`."""
        self._run(
            "INSERT INTO events (at, actor, host, action, subject, detail) "
            "VALUES (:at, :actor, :host, :action, :subject, :detail)",
            at=_text(event.at),
            actor=event.actor,
            host=event.host,
            action=event.action,
            subject=event.subject,
            detail=json.dumps(event.detail),
        )

    def events(self, *, subject: str | None = None, limit: int | None = None) -> list[Event]:
        """See `interface.Ledger`."""
        where = "" if subject is None else "WHERE subject = :subject"
        count = "" if limit is None else "LIMIT :limit"
        columns = "at, actor, host, action, subject, detail"
        statement = f"SELECT {columns} FROM events {where} ORDER BY id DESC {count}"  # noqa: S608  literals only
        return [_event(row) for row in reversed(self._run(statement, subject=subject, limit=limit))]

    def _run(self, statement: str, **values: object) -> list[Row]:
        return self.database.execute(statement, values)


_CERTIFICATES = (
    "SELECT serial, kind, issuer, not_before, not_after, der, created, person, device, daemon FROM certificates"
)


@contextlib.contextmanager
def _taken(message: str) -> Iterator[None]:
    try:
        yield
    except Taken:
        raise Refused(message, "Choose another name.") from None


def _first(make: Callable[[Row], T], rows: list[Row]) -> T | None:
    return make(rows[0]) if rows else None


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _revocation_values(revoked: Revocation | None) -> dict[str, str | None]:
    return {"at": _text(revoked.at) if revoked else None, "reason": revoked.reason if revoked else None}


def _revocation(at: str | None, reason: str) -> Revocation | None:
    return Revocation(_time(at), reason) if at else None


def _person(row: Row) -> Person:
    name, label, created, at, reason = row
    return Person(name, label, _time(created), _revocation(at, reason))


def _device(row: Row) -> Device:
    person, name, label, created, at, reason = row
    return Device(person, name, label, _time(created), _revocation(at, reason))


def _daemon(row: Row) -> Daemon:
    name, url, hosts, created, proven = row
    return Daemon(name, url, tuple(json.loads(hosts)), _time(created), proven)


def _certificate(row: Row) -> Certificate:
    serial, kind, issuer, not_before, not_after, der, created, person, device, daemon = row
    return Certificate(
        serial, kind, issuer, _time(not_before), _time(not_after), bytes(der), _time(created), person, device, daemon
    )


def _event(row: Row) -> Event:
    at, actor, host, action, subject, detail = row
    return Event(_time(at), actor, host, action, subject, json.loads(detail))
