"""A ledger that every question to takes time: what many are about to ask of it is found out at once.

A server serves those who wait together, and knows what each of them will have it ask. Of a hundred questions a few are
left: whatever is asked beside that is asked as ever.
"""

import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from certkit.ledger import rows, sql
from certkit.ledger.interface import Applicant, Application, Code
from certkit.ledger.rows import Row
from certkit.ledger.sql import SqlLedger

_APPLICANTS = (
    f"SELECT w.place, {sql.APPLICANT_COLUMNS} FROM unnest(:persons::text[], :devices::text[], :pins::text[]) "  # noqa: S608  literals
    "WITH ORDINALITY AS w (person, device, pin, place) LEFT JOIN people p ON p.name = w.person "
    "LEFT JOIN devices d ON d.person = p.name AND d.name = w.device LEFT JOIN certificates c ON c.pin = w.pin "
    "ORDER BY w.place"
)
_CODES = f"{sql.CODES} WHERE c.digest = ANY(:digests)"
_MANY = 2
"""Of fewer the ledger is asked as ever."""
_STATES = "SELECT name, value FROM states WHERE name = ANY(:names)"


class ForeseeingLedger(SqlLedger):
    """A ledger in PostgreSQL, whose own words the questions for many are put in."""

    def __init__(self, database: sql.Database) -> None:
        super().__init__(database)
        self._applicants: dict[Application, Applicant] = {}
        self._codes: dict[str, Code] = {}
        self._states: dict[str, str | None] = {}
        self._named: set[str] = set()
        """The states that were asked for in former blocks: each block asks for the same few."""
        self._is_foreseeing = False

    @contextlib.contextmanager
    def foreseeing(self, applications: Sequence[Application] = (), codes: Sequence[str] = ()) -> Iterator[None]:
        """See `interface.Ledger`."""
        self._is_foreseeing = True
        try:
            self._states = self._foreseen_states()
            self._applicants = self._foreseen_applicants(_apart(applications))
            self._codes = self._foreseen_codes(codes)
            yield
        finally:
            self._is_foreseeing = False
            self._applicants, self._codes, self._states = {}, {}, {}

    def applicant(self, person: str, device: str | None, pin: str | None = None) -> Applicant:
        """See `interface.Ledger`."""
        foreseen = self._applicants.pop((person, device, pin), None)  # once: what follows may change it
        return foreseen or super().applicant(person, device, pin)

    def code(self, digest: str) -> Code | None:
        """See `interface.Ledger`."""
        return self._codes.pop(digest, None) or super().code(digest)

    def state(self, name: str) -> dict[str, Any] | None:
        """See `interface.Ledger`."""
        if name in self._states:
            text = self._states[name]
            return None if text is None else rows.mapping(text)
        if self._is_foreseeing:
            self._named.add(name)
        return super().state(name)

    def set_state(self, name: str, value: Mapping[str, Any]) -> None:
        """See `interface.Ledger`."""
        self._states.pop(name, None)
        super().set_state(name, value)

    def _foreseen_states(self) -> dict[str, str | None]:
        if not self._named:
            return {}
        found = {row[0]: row[1] for row in self._run(_STATES, names=sorted(self._named))}
        return {name: found.get(name) for name in self._named}

    def _foreseen_applicants(self, applications: Sequence[Application]) -> dict[Application, Applicant]:
        if len(applications) < _MANY:
            return {}
        persons, devices, pins = map(list, zip(*applications, strict=True))
        found = itertools.groupby(self._run(_APPLICANTS, persons=persons, devices=devices, pins=pins), key=_place)
        return {applications[place - 1]: sql.applicant([row[1:] for row in its]) for place, its in found}

    def _foreseen_codes(self, digests: Sequence[str]) -> dict[str, Code]:
        if len(digests) < _MANY:
            return {}
        return {each.digest: each for each in map(rows.code, self._run(_CODES, digests=list(digests)))}


def _place(row: Row) -> int:
    return int(row[0])


def _apart(applications: Sequence[Application]) -> list[Application]:
    """Return those who share neither the person nor the key with another: to none is it news what another records."""
    persons = Counter(person for person, _, _ in applications)
    pins = Counter(pin for _, _, pin in applications)
    return [each for each in applications if persons[each[0]] == pins[each[2]] == 1]
