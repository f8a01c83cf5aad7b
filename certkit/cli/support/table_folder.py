"""A private folder that many bundles or codes go to, and the table of what is in it."""

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.errors import MissingError, RefusedError
from certkit.pki import names

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]*")
_LIKE_A_LABEL = re.compile(r"-[a-z2-7]{10}\Z")

Row = Sequence[str]


@dataclass(frozen=True)
class TableFolder:
    """A folder that may not be there yet, and the name and titles of its table.

    `key` is the title of the column that is another one in each row.
    """

    path: Path
    name: str
    titles: tuple[str, ...]
    key: str

    @property
    def table(self) -> Path:
        """Where the table lies."""
        return self.path / self.name

    def file_of(self, person: str, device: str, suffix: str) -> Path:
        """Return where what is for a device lies, or is to lie: another place for every other device."""
        readable = _PLAIN.fullmatch(person) and not _LIKE_A_LABEL.search(person)
        return self.path / f"{person if readable else names.label(person)}.{names.label(device)}{suffix}"

    def check(self) -> None:
        """Raise if nothing can be written here, before anything is done that would be lost without it.

        Raises:
            MissingError: The folder cannot be written, or made.
            RefusedError: It has a table that certkit has not written.

        """
        is_there = os.path.lexists(self.path)
        above = self.path if is_there else next(each for each in self.path.absolute().parents if each.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            raise MissingError(
                f"{above} is not a folder, or cannot be written", "Name another folder.", code="out-dir-unwritable"
            )
        self.rows()

    def add(self, new: Sequence[Row]) -> None:
        """Add rows to the table, in the place of former ones with the same key."""
        column = self.titles.index(self.key)
        written = {row[column] for row in new}
        self.write([*(row for row in self.rows() if row[column] not in written), *new])

    def write(self, rows: Iterable[Row]) -> None:
        """Replace the table, and make the folder if there is none."""
        if not self.path.exists():
            files.make_private_directory(self.path)
        if not any(self.path.iterdir()):  # whoever was killed here has made it, and no more
            files.ignore(self.path)
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([self.titles, *rows])
        files.write(self.table, text.getvalue().encode())

    def sweep(self, suffix: str) -> None:
        """Remove the drafts that a killed run has left, hidden and with secrets; hold the home's lock."""
        for pattern in (f".{self.name}", f".{files.IGNORED}", f".*{suffix}"):
            for draft in self.path.glob(f"{pattern}.{'[0-9a-f]' * 16}"):
                draft.unlink(missing_ok=True)

    def rows(self) -> list[Row]:
        """Return the rows of the table, none where there is none."""
        try:
            titles, *rows = csv.reader(io.StringIO(files.read(self.table).decode(), newline=""), strict=True)
        except MissingError:
            return []
        except (ValueError, csv.Error):
            titles, rows = [], []
        if tuple(titles) != self.titles or any(len(row) != len(self.titles) for row in rows):
            raise RefusedError(
                f"{self.table} is there already, and is not as certkit has written it",
                "Move it away, or name another folder.",
                code="file-in-the-way",
                path=self.table,
            )
        return list(rows)
