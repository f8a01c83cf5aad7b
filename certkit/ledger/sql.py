"""The ledger in SQL, written once for every database with a DB-API driver.

Statements name their parameters as `:name`; a `Database` says what it spells differently.
"""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from certkit.errors import CertkitError, RefusedError
from certkit.ledger import rows
from certkit.ledger.interface import (
    Anchors,
    Applicant,
    Application,
    Certificate,
    Code,
    CodeUse,
    Daemon,
    Device,
    Enrolled,
    Event,
    Kind,
    LeadRole,
    Person,
    Proposal,
    Revocation,
    RevokedCertificate,
)
from certkit.ledger.migrations import MIGRATIONS, shorten
from certkit.ledger.rows import Row
from certkit.pki import names
from certkit.results import time_text

Values = Mapping[str, object]
T = TypeVar("T")


class Database(Protocol):
    """A connection that commits each statement by itself unless `begin` was called."""

    is_remote: bool
    """See `interface.Ledger`."""
    name: str
    """What people know it by, without anything secret."""
    columns: str
    """The statement that returns the columns of the table `:name`, in their order."""
    measure: str
    """The statement that returns how many bytes it takes."""

    def execute(self, statement: str, values: Values) -> list[Row]:
        """Run one statement; raises DuplicateError where a unique value is taken already."""

    def change(self, statement: str, values: Values) -> None:
        """Run one statement that returns nothing: in a transaction, before the next one that is run, or the commit.

        What it raises, that one may raise.
        """

    def undo_to(self, savepoint: str) -> None:
        """Undo all that was run since a savepoint, and release it."""

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


class SqlLedger:
    """A ledger (`interface.Ledger`) on a database; the schema is brought up to date by `migrate`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def migrate(self) -> None:
        """Apply the steps that this database lacks, the first ones to an empty one."""
        with self.transaction():
            self._run("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)")
            done = self.version()
            for number, steps in enumerate(MIGRATIONS[done:], start=done + 1):
                for step in steps:
                    step(self._run) if callable(step) else self.database.change_schema(step)
                self._run("INSERT INTO migrations (number) VALUES (:number)", number=number)

    def update(self) -> bool:
        """Apply the steps that are new to this ledger; tell whether there were any. Raises as `version` does."""
        is_former = self.version() < len(MIGRATIONS)
        if is_former:
            self.migrate()
        return is_former

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

    @property
    def is_remote(self) -> bool:
        """See `interface.Ledger`."""
        return self.database.is_remote

    @contextlib.contextmanager
    def part(self) -> Iterator[None]:
        """See `interface.Ledger`."""
        self._run("SAVEPOINT part")
        try:
            yield
            self._run("RELEASE SAVEPOINT part")
        except BaseException:
            self.database.undo_to("part")
            raise

    def foreseeing(
        self,
        applications: Sequence[Application] = (),  # noqa: ARG002  as the interface
        codes: Sequence[str] = (),  # noqa: ARG002  likewise
    ) -> AbstractContextManager[None]:
        """See `interface.Ledger`: of a file one question takes no longer than its part of many."""
        return contextlib.nullcontext()

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

    def size(self) -> int:
        """See `interface.Ledger`."""
        [[found]] = self._run(self.database.measure)
        return int(found)

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
        self._change(
            "INSERT INTO people (name, label, folded, created) VALUES (:name, :label, :folded, :created)",
            name=person.name,
            label=person.label,
            folded=names.folded(person.name),
            created=time_text(person.created),
        )

    def _similar_person(self, person: Person) -> str | None:
        """Return the name of somebody who must not be there beside a person, if there is one."""
        found = self._run(
            "SELECT name FROM people WHERE label = :label OR folded = :folded LIMIT 1",
            label=person.label,
            folded=names.folded(person.name),
        )
        return _first(rows.name, found)

    def person(self, name: str) -> Person | None:
        """See `interface.Ledger`."""
        return _first(rows.person, self._run(f"{_PEOPLE} WHERE name = :name", name=name))

    def applicant(self, person: str, device: str | None, pin: str | None = None) -> Applicant:
        """See `interface.Ledger`."""
        return applicant(self._run(_APPLICANT, person=person, device=device, pin=pin))

    def person_folded(self, folded: str) -> Person | None:
        """See `interface.Ledger`."""
        return _first(rows.person, self._run(f"{_PEOPLE} WHERE folded = :folded", folded=folded))

    def people(self) -> list[Person]:
        """See `interface.Ledger`."""
        return _all(rows.person, self._run(f"{_PEOPLE} ORDER BY name"))

    def names(self) -> list[str]:
        """See `interface.Ledger`."""
        return _all(rows.name, self._run("SELECT name FROM people ORDER BY name"))

    def count_people(self) -> int:
        """See `interface.Ledger`."""
        [[count]] = self._run("SELECT count(*) FROM people")
        return int(count)

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
        self._change(
            "INSERT INTO devices (person, name, label, created) VALUES (:person, :name, :label, :created)",
            person=device.person,
            name=device.name,
            label=device.label,
            created=time_text(device.created),
        )

    def device(self, person: str, name: str) -> Device | None:
        """See `interface.Ledger`."""
        found = self._run(f"{_DEVICES} WHERE person = :person AND name = :name", person=person, name=name)
        return _first(rows.device, found)

    def devices(self, person: str | None = None) -> list[Device]:
        """See `interface.Ledger`."""
        where = "" if person is None else "WHERE person = :person"
        return _all(rows.device, self._run(f"{_DEVICES} {where} ORDER BY person, name", person=person))

    def enrolled(self, person: str | None = None) -> Iterator[Enrolled]:
        """See `interface.Ledger`."""
        if person is not None:
            found = self._run(f"{_ENROLLED} WHERE d.person = :person ORDER BY d.person, d.name", person=person)
            yield from _all(rows.enrolled, found)
            return
        last = ("", "")
        while found := self._run(
            f"{_ENROLLED} WHERE (d.person, d.name) > (:person, :name) ORDER BY d.person, d.name LIMIT :page",
            person=last[0],
            name=last[1],
            page=_PAGE,
        ):
            page = _all(rows.enrolled, found)
            yield from page
            last = page[-1].device.person, page[-1].device.name

    def enrolled_ending(self, after: datetime, until: datetime, of_who_come: datetime) -> list[Enrolled]:
        """See `interface.Ledger`."""
        last = max(until, of_who_come)
        ending = "c.not_after > :after AND c.not_after <= :last"
        within = "(c.not_after <= :until OR (c.not_after <= :of_who_come AND d.came >= c.created))"
        return self._enrolled_where(
            f"{ending} AND {within}", after=after, until=until, of_who_come=of_who_come, last=last
        )

    def enrolled_beginning(self, after: datetime) -> list[Enrolled]:
        """See `interface.Ledger`."""
        return self._enrolled_where("c.not_after > :after AND c.not_before > :after", after=after)

    def _enrolled_where(self, condition: str, **times: datetime) -> list[Enrolled]:
        """Return the devices that are not shut out and of whose newest certificate something is so."""
        found = self._run(
            f"SELECT {_DEVICE_COLUMNS}, NULL, {_NEWEST_COLUMNS} FROM certificates c "  # noqa: S608  literals
            f"JOIN devices d ON d.person = c.person AND d.name = c.device WHERE c.kind = 'device' AND {condition} "
            f"AND c.id = {_NEWEST_OF_DEVICE} AND d.revoked_at IS NULL AND d.person NOT IN ({_SHUT_OUT})",
            **{name: time_text(time) for name, time in times.items()},
        )
        return _all(rows.enrolled, found)

    def count_enrolled(self, unexpired_at: datetime) -> int:
        """See `interface.Ledger`."""
        # All but those of people who are shut out, and not of all who are not: those are a few.
        [[count, shut_out]] = self._run(
            f"SELECT (SELECT count(*) FROM devices d WHERE {_MAY_BUILD}), (SELECT count(*) FROM people p "  # noqa: S608  literals
            f"CROSS JOIN devices d WHERE p.revoked_at > '' AND d.person = p.name AND {_MAY_BUILD})",
            at=time_text(unexpired_at),
        )
        return int(count) - int(shut_out)

    def set_person_revoked(self, name: str, revoked: Revocation | None) -> None:
        """See `interface.Ledger`."""
        self._change(
            "UPDATE people SET revoked_at = :at, revoked_reason = :reason WHERE name = :name",
            name=name,
            **rows.revocation_values(revoked),
        )

    def set_device_revoked(self, person: str, name: str, revoked: Revocation | None) -> None:
        """See `interface.Ledger`."""
        self._change(
            "UPDATE devices SET revoked_at = :at, revoked_reason = :reason WHERE person = :person AND name = :name",
            person=person,
            name=name,
            **rows.revocation_values(revoked),
        )

    def set_device_came(self, person: str, name: str, came: datetime, shown: str | None = None) -> None:
        """See `interface.Ledger`."""
        also = "" if shown is None else ", shown = :shown"
        self._change(
            f"UPDATE devices SET came = :came{also} WHERE person = :person AND name = :name",  # noqa: S608  literals
            person=person,
            name=name,
            came=time_text(came),
            shown=shown,
        )

    def put_daemon(self, daemon: Daemon) -> None:
        """See `interface.Ledger`."""
        self._change(
            "INSERT INTO daemons "
            "(name, url, hosts, created, proven, serving, removed, place, deployment, sync, proven_at) VALUES "
            "(:name, :url, :hosts, :created, :proven, :serving, :removed, :place, :deployment, :sync, :proven_at) "
            "ON CONFLICT (name) DO UPDATE SET url = excluded.url, hosts = excluded.hosts, "
            "proven = excluded.proven, serving = excluded.serving, removed = excluded.removed, "
            "place = excluded.place, deployment = excluded.deployment, sync = excluded.sync, "
            "proven_at = excluded.proven_at",
            name=daemon.name,
            url=daemon.url,
            hosts=json.dumps(daemon.hosts),
            created=time_text(daemon.created),
            proven=daemon.proven,
            serving=daemon.serving,
            removed=daemon.removed and time_text(daemon.removed),
            place=daemon.place,
            deployment=daemon.deployment and json.dumps(daemon.deployment._asdict()),
            sync=rows.sync_text(daemon.sync),
            proven_at=daemon.proven_at and time_text(daemon.proven_at),
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
        self._change(
            f"INSERT INTO certificates ({', '.join(_COLUMNS)}) VALUES (:{', :'.join(_COLUMNS)})",  # noqa: S608  literals
            serial=certificate.serial,
            kind=certificate.kind,
            issuer=certificate.issuer,
            person=certificate.person,
            device=certificate.device,
            daemon=certificate.daemon,
            not_before=time_text(certificate.not_before),
            not_after=time_text(certificate.not_after),
            der=certificate.der,
            created=time_text(certificate.created),
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
            conditions.append(f"id = {_NEWEST_OF[kind]}")
        found = self._run(
            f"{_CERTIFICATES} c WHERE {' AND '.join(conditions)} ORDER BY id",
            kind=kind,
            person=person,
            daemon=daemon,
            at=unexpired_at and time_text(unexpired_at),
        )
        return _all(rows.certificate, found)

    def certificates_of_key(self, pin: str) -> list[Certificate]:
        """See `interface.Ledger`."""
        found = self._run(f"{_CERTIFICATES} WHERE pin = :pin ORDER BY id", pin=pin)
        return _all(rows.certificate, found)

    def revoked_certificates(self, unexpired_at: datetime) -> list[RevokedCertificate]:
        """See `interface.Ledger`."""
        # Whoever is shut out is found by an index, in two steps: with OR in one, everybody would be looked at.
        by_person = f"{_REVOKED} people p CROSS JOIN devices d {_REVOKED_WHERE} AND p.revoked_at > ''"
        by_device = f"{_REVOKED} devices d CROSS JOIN people p {_REVOKED_WHERE} AND d.revoked_at > ''"
        found = self._run(f"{by_person} UNION {by_device} ORDER BY id", at=time_text(unexpired_at))
        return _all(rows.revoked_certificate, found)

    def add_code(self, code: Code) -> None:
        """See `interface.Ledger`."""
        self._change(
            "INSERT INTO codes (digest, person, daemon, device, client, created, expires, cancelled) "
            "VALUES (:digest, :person, :daemon, :device, :client, :created, :expires, NULL)",
            digest=code.digest,
            person=code.person,
            daemon=code.daemon,
            device=code.device,
            client=code.client,
            created=time_text(code.created),
            expires=time_text(code.expires),
        )
        for number in range(1, code.uses + 1):
            self._change(
                "INSERT INTO code_uses (code, number) VALUES (:code, :number)", code=code.digest, number=number
            )

    def code(self, digest: str) -> Code | None:
        """See `interface.Ledger`."""
        return _first(rows.code, self._run(f"{CODES} WHERE c.digest = :digest", digest=digest))

    def codes(self, *, unexpired_at: datetime | None = None) -> list[Code]:
        """See `interface.Ledger`."""
        where = "" if unexpired_at is None else "WHERE c.expires > :at"
        found = self._run(f"{CODES} {where} ORDER BY +c.id", at=unexpired_at and time_text(unexpired_at))
        return _all(rows.code, found)  # the sign keeps SQLite from going through all by their numbers

    def cancel_code(self, digest: str, at: datetime) -> None:
        """See `interface.Ledger`."""
        self._change("UPDATE codes SET cancelled = :at WHERE digest = :digest", digest=digest, at=time_text(at))

    def take_use(self, digest: str, use: CodeUse) -> bool:
        """See `interface.Ledger`."""
        taken = self._run(
            "UPDATE code_uses SET used_at = :at, pin = :pin, serial = :serial WHERE used_at IS NULL AND code = :code "
            "AND (SELECT cancelled FROM codes WHERE digest = :code) IS NULL "
            "AND number = (SELECT min(number) FROM code_uses WHERE code = :code AND used_at IS NULL) RETURNING number",
            code=digest,
            at=time_text(use.used),
            pin=use.pin,
            serial=use.serial,
        )
        return bool(taken)

    def code_of_certificate(self, serial: str) -> Code | None:
        """See `interface.Ledger`."""
        where = "WHERE c.digest IN (SELECT code FROM code_uses WHERE serial = :serial)"
        return _first(rows.code, self._run(f"{CODES} {where}", serial=serial))

    def uses_of_code(self, digest: str) -> list[CodeUse]:
        """See `interface.Ledger`."""
        found = self._run(
            "SELECT used_at, pin, serial FROM code_uses WHERE code = :code AND used_at IS NOT NULL ORDER BY number",
            code=digest,
        )
        return _all(rows.code_use, found)

    def add_lead(self, lead: LeadRole) -> None:
        """See `interface.Ledger`."""
        self._change(
            "INSERT INTO leads (person, since) VALUES (:person, :since) ON CONFLICT (person) DO NOTHING",
            person=lead.person,
            since=time_text(lead.since),
        )

    def remove_lead(self, person: str) -> None:
        """See `interface.Ledger`."""
        self._change("DELETE FROM leads WHERE person = :person", person=person)

    def lead(self, person: str) -> LeadRole | None:
        """See `interface.Ledger`."""
        return _first(rows.lead, self._run("SELECT person, since FROM leads WHERE person = :person", person=person))

    def leads(self) -> list[LeadRole]:
        """See `interface.Ledger`."""
        return _all(rows.lead, self._run("SELECT person, since FROM leads ORDER BY person"))

    def put_proposal(self, proposal: Proposal) -> None:
        """See `interface.Ledger`."""
        self._change(
            "INSERT INTO proposals (name, person, created, expires, command, call, needed, agreed, ended) "
            "VALUES (:name, :person, :created, :expires, :command, :call, :needed, :agreed, :ended) "
            "ON CONFLICT (name) DO UPDATE SET agreed = excluded.agreed, ended = excluded.ended",
            **rows.proposal_values(proposal),
        )

    def proposal(self, name: str) -> Proposal | None:
        """See `interface.Ledger`."""
        return _first(rows.proposal, self._run(f"{_PROPOSALS} WHERE name = :name", name=name))

    def proposals(self, *, unexpired_at: datetime) -> list[Proposal]:
        """See `interface.Ledger`."""
        found = self._run(
            f"{_PROPOSALS} WHERE expires > :at AND ended IS NULL ORDER BY created, name", at=time_text(unexpired_at)
        )
        return _all(rows.proposal, found)

    def add_anchors(self, anchors: Anchors) -> None:
        """See `interface.Ledger`."""
        for [number] in self._run("SELECT number FROM anchors ORDER BY number DESC LIMIT 1"):
            shorten(self._run, number)
        self._change(
            "INSERT INTO anchors (number, created, ca, crl, generations, excluded) "
            "VALUES (:number, :created, :ca, :crl, :generations, :excluded)",
            number=anchors.number,
            created=time_text(anchors.created),
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

    def newest_number(self) -> int:
        """See `interface.Ledger`."""
        [[number]] = self._run("SELECT coalesce(max(number), 0) FROM anchors")
        return int(number)

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
        self._change(
            "INSERT INTO states (name, value) VALUES (:name, :value) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name=name,
            value=json.dumps(value),
        )

    def add_event(self, event: Event) -> None:
        """See `interface.Ledger`."""
        self._change(
            "INSERT INTO events (at, actor, host, access, action, subject, detail) "
            "VALUES (:at, :actor, :host, :access, :action, :subject, :detail)",
            at=time_text(event.at),
            actor=event.actor.name,
            host=event.actor.host,
            access=event.actor.access,
            action=event.action,
            subject=event.subject,
            detail=json.dumps(dict(event.detail)),
        )

    def events(self, *, subject: str | None = None, action: str | None = None, limit: int | None = None) -> list[Event]:
        """See `interface.Ledger`."""
        wanted = {"subject": subject, "action": action}
        conditions = [f"{name} = :{name}" for name, value in wanted.items() if value is not None]
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        count = "" if limit is None else "LIMIT :limit"
        found = self._run(f"{_EVENTS} {where} ORDER BY id DESC {count}", **wanted, limit=limit)
        return [event for _, event in _all(_numbered_event, reversed(found))]

    def each_event(self, *, subject: str | None = None) -> Iterator[Event]:
        """See `interface.Ledger`."""
        where, last = "" if subject is None else "AND subject = :subject", 0
        statement = f"{_EVENTS} WHERE id > :last {where} ORDER BY id LIMIT :page"
        while found := self._run(statement, last=last, subject=subject, page=_PAGE):
            for last, event in _all(_numbered_event, found):  # noqa: B007  the last one of the page is where the next begins
                yield event

    def subjects(self) -> list[str]:
        """See `interface.Ledger`."""
        return _all(rows.name, self._run("SELECT DISTINCT subject FROM events ORDER BY subject"))

    def _run(self, statement: str, **values: object) -> list[Row]:
        return self.database.execute(statement, values)

    def _change(self, statement: str, **values: object) -> None:
        self.database.change(statement, values)


_COLUMNS = (
    *("serial", "kind", "issuer", "not_before", "not_after", "der", "created"),
    *("person", "device", "daemon", "trusts", "pin", "urls"),
)
_PROPOSALS = "SELECT name, person, created, expires, command, call, needed, agreed, ended FROM proposals"
_PEOPLE = "SELECT name, label, created, revoked_at, revoked_reason FROM people"
_DEVICES = "SELECT person, name, label, created, revoked_at, revoked_reason, came, shown FROM devices"
_DEVICE_COLUMNS = "d.person, d.name, d.label, d.created, d.revoked_at, d.revoked_reason, d.came, d.shown"
APPLICANT_COLUMNS = (
    f"p.name, p.label, p.created, p.revoked_at, p.revoked_reason, {_DEVICE_COLUMNS}, "
    "c.person, c.device, c.daemon, c.id IS NOT NULL"
)
_APPLICANT = (
    f"SELECT {APPLICANT_COLUMNS} FROM (SELECT 1) AS one LEFT JOIN people p ON p.name = :person "  # noqa: S608  literals
    "LEFT JOIN devices d ON d.person = p.name AND d.name = :device LEFT JOIN certificates c ON c.pin = :pin"
)
_DAEMONS = "SELECT name, url, hosts, created, proven, serving, removed, place, deployment, sync, proven_at FROM daemons"
_ANCHORS = "SELECT number, created, ca, crl, generations, excluded FROM anchors"
CODES = (
    "SELECT c.digest, c.person, c.device, c.client, c.created, c.expires, c.cancelled, c.daemon, "
    "(SELECT count(*) FROM code_uses u WHERE u.code = c.digest), "
    "(SELECT count(*) FROM code_uses u WHERE u.code = c.digest AND u.used_at IS NULL) FROM codes c"
)
_EVENTS = "SELECT id, at, actor, host, access, action, subject, detail FROM events"
_NEWEST_COLUMNS = "c.serial, c.not_before, c.not_after, c.created"
_SHUT_OUT = "SELECT name FROM people WHERE revoked_at IS NOT NULL"
_NEWEST_OF_DEVICE = "(SELECT max(n.id) FROM certificates n WHERE n.person = c.person AND n.device = c.device)"
_NEWEST_OF_DAEMON = "(SELECT max(n.id) FROM certificates n WHERE n.daemon = c.daemon AND n.kind = 'daemon')"
_NEWEST_OF = {
    "device": _NEWEST_OF_DEVICE,
    "daemon": _NEWEST_OF_DAEMON,
    "server": "(SELECT max(n.id) FROM certificates n WHERE n.kind = 'server')",
}
"""Which certificate is the newest of its holder, by kind; of the others nobody asks."""
_ENROLLED = (
    f"SELECT {_DEVICE_COLUMNS}, p.revoked_at, {_NEWEST_COLUMNS} FROM devices d "  # noqa: S608  literals
    "JOIN people p ON p.name = d.person LEFT JOIN certificates c "
    "ON c.id = (SELECT max(n.id) FROM certificates n WHERE n.person = d.person AND n.device = d.name)"
)
_REVOKED = (
    "SELECT c.serial, c.issuer, c.person, c.device, c.not_after, "
    "p.revoked_at AS person_at, p.revoked_reason AS person_reason, d.revoked_at AS device_at, "
    "d.revoked_reason AS device_reason, c.id AS id FROM"
)
_REVOKED_WHERE = (  # SQLite goes through what is joined crosswise in the order in which it is written
    "CROSS JOIN certificates c WHERE d.person = p.name AND c.person = d.person AND c.device = d.name "
    "AND c.not_after > :at"
)
_MAY_BUILD = (
    "d.revoked_at IS NULL AND EXISTS "
    "(SELECT 1 FROM certificates c WHERE c.person = d.person AND c.device = d.name AND c.not_after > :at)"
)
_PAGE = 1000
"""Rows that are read at once of what may be long."""
_CERTIFICATES = f"SELECT {', '.join(_COLUMNS)} FROM certificates"  # noqa: S608  literals


def applicant(found: Sequence[Row]) -> Applicant:
    """Read the rows of one applicant, which differ in who holds the key."""
    each = _all(rows.applicant, found)
    return each[0]._replace(holders=tuple(holder for one in each for holder in one.holders))


def _numbered_event(row: Row) -> tuple[int, Event]:
    number, *event = row
    return int(number), rows.event(event)


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
