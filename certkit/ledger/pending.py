"""Writes that nobody waits for, made one statement: every way to a database and back takes time.

All parts of one statement of PostgreSQL's see what was there before it (its manual, 7.8.4), and so only statements on
different tables are put together. What one refers to in another is checked at the end, when all of it is there.
"""

import re
from functools import lru_cache

from certkit.ledger.sql import Values

Statement = tuple[str, Values]

_TABLE = re.compile(r"\b(?:INTO|UPDATE|FROM|JOIN) ([a-z_]+)")
PARAMETER = re.compile(r"(?<!:):([a-z_0-9]+)")
"""A parameter of a statement; two colons begin a type of PostgreSQL's."""
_WRITES = ("INSERT", "UPDATE", "DELETE")


class Pending:
    """The writes of a transaction that wait for the next statement that somebody waits for."""

    def __init__(self) -> None:
        self._waiting: list[Statement] = []
        self._written: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def goes_with(self, statement: str) -> bool:
        """Tell whether a statement can be a part of the same: a write, and of nothing that is written already."""
        return statement.startswith(_WRITES) and self._written.isdisjoint(_tables(statement))

    def add(self, statement: str, values: Values) -> None:
        """Let a write wait, too; it must go with the others."""
        self._waiting.append((statement, values))
        self._written.add(_tables(statement)[0])

    def take(self) -> Statement:
        """Return the one statement that is all of them, which returns what the last one does, and forget them."""
        statements = tuple(statement for statement, _ in self._waiting)
        values = {
            f"{name}_{place}": value for place, (_, own) in enumerate(self._waiting) for name, value in own.items()
        }
        self.clear()
        return _combined(statements), values

    def clear(self) -> None:
        """Forget them: the transaction is over, or what they belong to is undone."""
        self._waiting.clear()
        self._written.clear()


@lru_cache
def _tables(statement: str) -> tuple[str, ...]:
    """Return the tables that a statement names, the one that it writes first."""
    return tuple(_TABLE.findall(statement))


@lru_cache
def _combined(statements: tuple[str, ...]) -> str:
    """Put statements together, the parameters of each with its place behind their names."""
    *others, last = [PARAMETER.sub(rf":\1_{place}", each) for place, each in enumerate(statements)]
    parts = ", ".join(f"part_{place} AS ({each})" for place, each in enumerate(others))
    return f"WITH {parts} {last}" if parts else last
