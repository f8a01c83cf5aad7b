"""The folder that many codes go to: for each a file to forward, and their table beside them; all of it is private."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.authority.invitations import Invitation
from certkit.cli.support import qr_code
from certkit.cli.support.code_report import forwarded
from certkit.cli.support.table_folder import TableFolder
from certkit.results import time_text

TABLE = "codes.csv"
_TITLES = ("person", "device", "client", "id", "expires", "code")


@dataclass(frozen=True)
class CodeFolder:
    """A folder that may not be there yet."""

    path: Path

    @property
    def table(self) -> Path:
        """The table of who gets which code."""
        return self._folder.table

    @property
    def _folder(self) -> TableFolder:
        return TableFolder(self.path, TABLE, _TITLES, "id")

    def check(self) -> None:
        """Raise as `TableFolder.check` does if codes cannot be written here."""
        self._folder.check()

    def file_of(self, made: Invitation, suffix: str = ".txt") -> Path:
        """Return where what is to be forwarded lies; it takes the place of a former code for the same device."""
        return self._folder.file_of(made.state.person or "", made.state.device or "", suffix)

    def sweep(self) -> None:
        """Remove the drafts that a killed run has left; hold the home's lock."""
        self._folder.sweep(".txt")

    def write_table(self, made: Sequence[Invitation], is_open: Callable[[str], bool]) -> None:
        """Write the table alone, without the codes that are not open any more, or were never recorded."""
        former = [row for row in self._folder.rows() if is_open(row[-1])]
        self._folder.write([*former, *map(_row, made)])

    def write(self, made: Sequence[Invitation], *, drawn: bool) -> None:
        """Write the table and what is to be forwarded, and each code `drawn`, if wanted."""
        self._folder.add([_row(each) for each in made])
        for each in made:
            files.write(self.file_of(each), "".join(f"{line}\n" for line in forwarded(each)).encode())
            if drawn:
                files.write(self.file_of(each, ".svg"), qr_code.svg(each.code.text))


def _row(made: Invitation) -> Sequence[str]:
    state = made.state
    device, client = state.device or "", state.client or ""
    return state.person or "", device, client, state.id, time_text(state.expires), made.code.text
