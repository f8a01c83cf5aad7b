"""The ledger in SQL, written once for every database with a DB-API driver.

Statements name their parameters as `:name`; a `Database` says what it spells differently.
"""

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from certkit.errors import CertkitError, RefusedError
from certkit.ledger import rows
from certkit.ledger.interface import (
    Anchors,
    Certificate,
    Code,
    CodeUse,
    Daemon,
    Device,
    Event,
    Kind,
    Person,
    Revocation,
    RevokedCertificate,
)
from certkit.ledger.migrations import MIGRATIONS
from certkit.ledger.rows import Row
from certkit.pki import names

Values = Mapping[str, object]
T = TypeVar("T")


class Database(Protocol):
    """A connection that commits each statement by itself unless `begin` was called."""

    name: str
    """What people know it by, without anything secret."""
    columns: str
    """The statement that returns the columns of the table `:name`, in their order."""

    def execute(self, statement: str, values: Values) -> list[Row]:
        """Run one statement; raises `Taken` where a unique value is taken already."""

    def change_schema(self, statement: str) -> None:
        """Run a statement of `migrations`."""

    def begin(self) -> None:
        """Begin a transaction that no other writer can be in at the same time."""

    def commit(self) -> None:
        """Make the transaction last."""

    def rollback(self) -> None:
        """Undo the transaction."""

    def locked(self) -> AbstractContextManager[None]:
        """Keep other hosts out of what the home's lock keeps out on this one."""

    def notify(self) -> None:
        """Let whoever waits know, when the transaction is committed."""

    def wait(self, seconds: float) -> bool:
        """See `interface.Ledger`."""

    def read(self, statement: str) -> Iterator[Row]:
        """Run a query inside a transaction, row by row, however many there are."""

    def write(self, statement: str, rows: Iterable[Values]) -> None:
        """Run a statement inside a transaction for each of many rows."""

    def continue_numbers(self, table: str) -> None:
        """Let new rows of a table have larger numbers than those that were written into it with theirs."""

    def export(self) -> bytes:
        """Return the whole content at one moment, as the file of a ledger."""

    def verify(self) -> None:
        """Raise LedgerError if the content is damaged."""

    def close(self) -> None:
        """Let go."""


class LedgerError(CertkitError):
    """The database cannot do what was asked of it."""

    code = "ledger-failed"


class DuplicateError(LedgerError):
    """A value that must be unique is there already."""

    code = "ledger-duplicate"


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
                    self.database.change_schema(step)
                self._run("INSERT INTO migrations (number) VALUES (:number)", number=number)

    def update(self) -> None:
        """Apply the steps that are new to this ledger, if there are any; raises as `version` does."""
        if self.version() < len(MIGRATIONS):
            self.migrate()

    def version(self) -> int:
        """Return the number of steps applied; raises CertkitError if it is more than this certkit knows."""
        [[done]] = self._run("SELECT count(*) FROM migrations")
        if done > len(MIGRATIONS):
            raise LedgerError(
                "the ledger was written by a newer certkit", "Update certkit on this machine.", code="ledger-newer"
            )
        return int(done)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """See `interface.Ledger`."""
        self.database.begin()
        try:
            yield
            self.database.commit()
        except BaseException:
            self.database.rollback()
            raise

    def locked(self) -> AbstractContextManager[None]:
        """See `interface.Ledger`."""
        return self.database.locked()

    def wait(self, seconds: float) -> bool:
        """See `interface.Ledger`."""
        return self.database.wait(seconds)

    def export(self) -> bytes:
        """See `interface.Ledger`."""
        return self.database.export()

    def verify(self) -> None:
        """See `interface.Ledger`."""
        self.database.verify()

    def close(self) -> None:
        """See `interface.Ledger`."""
        self.database.close()

    def add_person(self, person: Person) -> None:
        """See `interface.Ledger`."""
        other = self._similar_person(person)
        if other is not None:
            raise RefusedError(
                f"the name {person.name} is too similar to {other}, who is there already",
                "If they are one person, use that name; else choose one that differs in more than its letters' case.",
                code="person-too-similar",
                person=person.name,
                other=other,
            )
        self._run(
            "INSERT INTO people (name, label, folded, created) VALUES (:name, :label, :folded, :created)",
            name=person.name,
            label=person.label,
            folded=names.folded(person.name),
            created=rows.text_of(person.created),
        )

    def _similar_person(self, person: Person) -> str | None:
        """Return the name of somebody who must not be there beside a person, if there is one.

        What is folded in a row may have been folded by a former certkit, which left what cannot be seen in it.
        """
        wanted = names.folded(person.name)
        for name, label, folded in self._run("SELECT name, label, folded FROM people"):
            if label == person.label or wanted == (folded if folded.isascii() else names.folded(name)):
                return str(name)
        return None

    def person(self, name: str) -> Person | None:
        """See `interface.Ledger`."""
        return _first(rows.person, self._run(f"{_PEOPLE} WHERE name = :name", name=name))

    def people(self) -> list[Person]:
        """See `interface.Ledger`."""
        return _all(rows.person, self._run(f"{_PEOPLE} ORDER BY name"))

    def add_device(self, device: Device) -> None:
        """See `interface.Ledger`."""
        folded = names.folded(device.name)
        for other in self.devices(device.person):
            if other.label == device.label or names.folded(other.name) == folded:
                raise RefusedError(
                    f"the name {device.name} is too similar to that of another device of {device.person}: {other.name}",
                    "If it is the same device, use that name; else choose another.",
                    code="device-too-similar",
                    person=device.person,
                    device=device.name,
                    other=other.name,
                )
        self._run(
            "INSERT INTO devices (person, name, label, created) VALUES (:person, :name, :label, :created)",
            person=device.person,
            name=device.name,
            label=device.label,
            created=rows.text_of(device.created),
        )

    def device(self, person: str, name: str) -> Device | None:
        """See `interface.Ledger`."""
        found = self._run(f"{_DEVICES} WHERE person = :person AND name = :name", person=person, name=name)
        return _first(rows.device, found)

    def devices(self, person: str | None = None) -> list[Device]:
        """See `interface.Ledger`."""
        where = "" if person is None else "WHERE person = :person"
        return _all(rows.device, self._run(f"{_DEVICES} {where} ORDER BY person, name", person=person))

    def set_person_revoked(self, name: str, revoked: Revocation | None) -> None:
        """See `interface.Ledger`."""
        self._run(
            "UPDATE people SET revoked_at = :at, revoked_reason = :reason WHERE name = :name",
            name=name,
            **rows.revocation_values(revoked),
        )

    def set_device_revoked(self, person: str, name: str, revoked: Revocation | None) -> None:
        """See `interface.Ledger`."""
        self._run(
            "UPDATE devices SET revoked_at = :at, revoked_reason = :reason WHERE person = :person AND name = :name",
            person=person,
            name=name,
            **rows.revocation_values(revoked),
        )

    def set_device_came(self, person: str, name: str, came: datetime, shown: str | None = None) -> None:
        """See `interface.Ledger`."""
        also = "" if shown is None else ", shown = :shown"
        self._run(
            f"UPDATE devices SET came = :came{also} WHERE person = :person AND name = :name",  # noqa: S608  literals
            person=person,
            name=name,
            came=rows.text_of(came),
            shown=shown,
        )

    def put_daemon(self, daemon: Daemon) -> None:
        """See `interface.Ledger`."""
        self._run(
            "INSERT INTO daemons (name, url, hosts, created, proven, serving, removed, place, deployment) "
            "VALUES (:name, :url, :hosts, :created, :proven, :serving, :removed, :place, :deployment) "
            "ON CONFLICT (name) DO UPDATE SET url = excluded.url, hosts = excluded.hosts, "
            "proven = excluded.proven, serving = excluded.serving, removed = excluded.removed, "
            "place = excluded.place, deployment = excluded.deployment",
            name=daemon.name,
            url=daemon.url,
            hosts=json.dumps(daemon.hosts),
            created=rows.text_of(daemon.created),
            proven=daemon.proven,
            serving=daemon.serving,
            removed=daemon.removed and rows.text_of(daemon.removed),
            place=daemon.place,
            deployment=daemon.deployment and json.dumps(dataclasses.asdict(daemon.deployment)),
        )

    def daemon(self, name: str) -> Daemon | None:
        """See `interface.Ledger`."""
        return _first(rows.daemon, self._run(f"{_DAEMONS} WHERE name = :name", name=name))

    def daemons(self, *, also_removed: bool = False) -> list[Daemon]:
        """See `interface.Ledger`."""
        where = "" if also_removed else "WHERE removed IS NULL"
        return _all(rows.daemon, self._run(f"{_DAEMONS} {where} ORDER BY place, name"))

    def add_certificate(self, certificate: Certificate) -> None:
        """See `interface.Ledger`."""
        self._run(
            f"INSERT INTO certificates ({', '.join(_COLUMNS)}) VALUES (:{', :'.join(_COLUMNS)})",  # noqa: S608  literals
            serial=certificate.serial,
            kind=certificate.kind,
            issuer=certificate.issuer,
            person=certificate.person,
            device=certificate.device,
            daemon=certificate.daemon,
            not_before=rows.text_of(certificate.not_before),
            not_after=rows.text_of(certificate.not_after),
            der=certificate.der,
            created=rows.text_of(certificate.created),
            trusts=json.dumps(certificate.trusts),
            pin=certificate.pin,
            urls=json.dumps(certificate.urls),
        )

    def certificate(self, serial: str) -> Certificate | None:
        """See `interface.Ledger`."""
        return _first(rows.certificate, self._run(f"{_CERTIFICATES} WHERE serial = :serial", serial=serial))

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
        found = self._run(
            f"{_CERTIFICATES} WHERE {' AND '.join(conditions)} ORDER BY id",
            kind=kind,
            person=person,
            daemon=daemon,
            at=unexpired_at and rows.text_of(unexpired_at),
        )
        return _all(rows.certificate, found)

    def certificates_of_key(self, pin: str) -> list[Certificate]:
        """See `interface.Ledger`."""
        found = self._run(f"{_CERTIFICATES} WHERE pin = :pin ORDER BY id", pin=pin)
        return _all(rows.certificate, found)

    def revoked_certificates(self, unexpired_at: datetime) -> list[RevokedCertificate]:
        """See `interface.Ledger`."""
        found = self._run(
            "SELECT c.serial, c.issuer, c.person, c.device, c.not_after, "
            "p.revoked_at, p.revoked_reason, d.revoked_at, d.revoked_reason FROM certificates c "
            "JOIN people p ON p.name = c.person JOIN devices d ON d.person = c.person AND d.name = c.device "
            "WHERE c.kind = 'device' AND c.not_after > :at "
            "AND (p.revoked_at IS NOT NULL OR d.revoked_at IS NOT NULL) ORDER BY c.id",
            at=rows.text_of(unexpired_at),
        )
        return _all(rows.revoked_certificate, found)

    def add_code(self, code: Code) -> None:
        """See `interface.Ledger`."""
        self._run(
            "INSERT INTO codes (digest, person, device, client, created, expires, cancelled) "
            "VALUES (:digest, :person, :device, :client, :created, :expires, NULL)",
            digest=code.digest,
            person=code.person,
            device=code.device,
            client=code.client,
            created=rows.text_of(code.created),
            expires=rows.text_of(code.expires),
        )
        for number in range(1, code.uses + 1):
            self._run("INSERT INTO code_uses (code, number) VALUES (:code, :number)", code=code.digest, number=number)

    def code(self, digest: str) -> Code | None:
        """See `interface.Ledger`."""
        return _first(rows.code, self._run(f"{_CODES} WHERE c.digest = :digest", digest=digest))

    def codes(self, *, unexpired_at: datetime | None = None) -> list[Code]:
        """See `interface.Ledger`."""
        where = "" if unexpired_at is None else "WHERE c.expires > :at"
        return _all(
            rows.code, self._run(f"{_CODES} {where} ORDER BY c.id", at=unexpired_at and rows.text_of(unexpired_at))
        )

    def cancel_code(self, digest: str, at: datetime) -> None:
        """See `interface.Ledger`."""
        self._run("UPDATE codes SET cancelled = :at WHERE digest = :digest", digest=digest, at=rows.text_of(at))

    def take_use(self, digest: str, use: CodeUse) -> bool:
        """See `interface.Ledger`."""
        taken = self._run(
            "UPDATE code_uses SET used_at = :at, pin = :pin, serial = :serial WHERE used_at IS NULL AND code = :code "
            "AND number = (SELECT min(number) FROM code_uses WHERE code = :code AND used_at IS NULL) RETURNING number",
            code=digest,
            at=rows.text_of(use.used),
            pin=use.pin,
            serial=use.serial,
        )
        return bool(taken)

    def code_of_certificate(self, serial: str) -> Code | None:
        """See `interface.Ledger`."""
        where = "WHERE c.digest IN (SELECT code FROM code_uses WHERE serial = :serial)"
        return _first(rows.code, self._run(f"{_CODES} {where}", serial=serial))

    def uses_of_code(self, digest: str) -> list[CodeUse]:
        """See `interface.Ledger`."""
        found = self._run(
            "SELECT used_at, pin, serial FROM code_uses WHERE code = :code AND used_at IS NOT NULL ORDER BY number",
            code=digest,
        )
        return _all(rows.code_use, found)

    def add_anchors(self, anchors: Anchors) -> None:
        """See `interface.Ledger`."""
        self._run(
            "INSERT INTO anchors (number, created, ca, crl, generations, excluded) "
            "VALUES (:number, :created, :ca, :crl, :generations, :excluded)",
            number=anchors.number,
            created=rows.text_of(anchors.created),
            ca=anchors.ca,
            crl=anchors.crl,
            generations=json.dumps(anchors.generations),
            excluded=json.dumps(anchors.excluded),
        )
        self.database.notify()

    def anchors(self, number: int) -> Anchors | None:
        """See `interface.Ledger`."""
        return _first(rows.anchors, self._run(f"{_ANCHORS} WHERE number = :number", number=number))

    def newest_anchors(self) -> Anchors | None:
        """See `interface.Ledger`."""
        return _first(rows.anchors, self._run(f"{_ANCHORS} ORDER BY number DESC LIMIT 1"))

    def generations_since(self, number: int) -> list[tuple[int, ...]]:
        """See `interface.Ledger`."""
        found = self._run("SELECT generations FROM anchors WHERE number >= :number ORDER BY number", number=number)
        return _all(lambda row: rows.generations_of(row[0]), found)

    def state(self, name: str) -> dict[str, Any] | None:
        """See `interface.Ledger`."""
        return _first(
            lambda row: rows.mapping(row[0]), self._run("SELECT value FROM states WHERE name = :name", name=name)
        )

    def set_state(self, name: str, value: Mapping[str, Any]) -> None:
        """See `interface.Ledger`."""
        self._run(
            "INSERT INTO states (name, value) VALUES (:name, :value) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name=name,
            value=json.dumps(value),
        )

    def add_event(self, event: Event) -> None:
        """See `interface.Ledger`."""
        self._run(
            "INSERT INTO events (at, actor, host, access, action, subject, detail) "
            "VALUES (:at, :actor, :host, :access, :action, :subject, :detail)",
            at=rows.text_of(event.at),
            actor=event.actor.name,
            host=event.actor.host,
            access=event.actor.access,
            action=event.action,
            subject=event.subject,
            detail=json.dumps(event.detail),
        )

    def events(self, *, subject: str | None = None, action: str | None = None, limit: int | None = None) -> list[Event]:
        """See `interface.Ledger`."""
        wanted = {"subject": subject, "action": action}
        conditions = [f"{name} = :{name}" for name, value in wanted.items() if value is not None]
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        count = "" if limit is None else "LIMIT :limit"
        columns = "at, actor, host, access, action, subject, detail"
        statement = f"SELECT {columns} FROM events {where} ORDER BY id DESC {count}"  # noqa: S608  literals only
        return _all(rows.event, reversed(self._run(statement, **wanted, limit=limit)))

    def _run(self, statement: str, **values: object) -> list[Row]:
        return self.database.execute(statement, values)


_COLUMNS = (
    *("serial", "kind", "issuer", "not_before", "not_after", "der", "created"),
    *("person", "device", "daemon", "trusts", "pin", "urls"),
)
_PEOPLE = "SELECT name, label, created, revoked_at, revoked_reason FROM people"
_DEVICES = "SELECT person, name, label, created, revoked_at, revoked_reason, came, shown FROM devices"
_DAEMONS = "SELECT name, url, hosts, created, proven, serving, removed, place, deployment FROM daemons"
_ANCHORS = "SELECT number, created, ca, crl, generations, excluded FROM anchors"
_CODES = (
    "SELECT c.digest, c.person, c.device, c.client, c.created, c.expires, c.cancelled, "
    "(SELECT count(*) FROM code_uses u WHERE u.code = c.digest), "
    "(SELECT count(*) FROM code_uses u WHERE u.code = c.digest AND u.used_at IS NULL) FROM codes c"
)
_CERTIFICATES = f"SELECT {', '.join(_COLUMNS)} FROM certificates"  # noqa: S608  literals


def _first(make: Callable[[Row], T], found: list[Row]) -> T | None:
    return _all(make, found[:1])[0] if found else None


def _all(make: Callable[[Row], T], found: Iterable[Row]) -> list[T]:
    """Read rows: whoever crafted a backup, or a disk, may have put anything into them."""
    try:
        return [make(row) for row in found]
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise LedgerError(
            "the ledger is damaged: it holds what certkit has not written",
            "Use an older backup.",
            code="ledger-damaged",
        ) from None
