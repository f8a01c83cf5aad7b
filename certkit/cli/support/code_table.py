"""The table of codes for many at once: it holds those that can still be used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit.authority.invitations import Invitation
from certkit.cli.support.private_table import PrivateTable
from certkit.results import time_text

TABLE = "codes.csv"
_TITLES = ("person", "device", "code", "expires")


@dataclass(frozen=True)
class CodeTable:
    """The table in a folder that may not be there yet."""

    folder: Path

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._table.path

    @property
    def _table(self) -> PrivateTable:
        return PrivateTable(self.folder / TABLE, _TITLES)

    def check(self) -> None:
        """Raise, as `PrivateTable.check` does, if it cannot be written."""
        self._table.check()

    def sweep(self) -> None:
        """Remove what a killed run has left; hold the home's lock."""
        self._table.sweep()

    def write(self, made: Sequence[Invitation], is_open: Callable[[str], bool]) -> None:
        """Put codes in, and leave those out that are not open any more, or were never recorded."""
        former = [row for row in self._table.rows() if is_open(row[2])]
        self._table.write([*former, *map(_row, made)])


def _row(made: Invitation) -> Sequence[str]:
    state = made.state
    return state.person, state.device or "", made.code.text, time_text(state.expires)
