"""A table in CSV that certkit keeps in a folder of the lead's, private, beside or instead of what it tells of."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.errors import MissingError, RefusedError

Row = Sequence[str]


@dataclass(frozen=True)
class PrivateTable:
    """A table by its path and its titles; neither it nor its folder need be there yet."""

    path: Path
    titles: tuple[str, ...]

    def check(self) -> None:
        """Raise if it cannot be written, before anything is done that would be lost without it.

        Raises:
            MissingError: The folder cannot be written, or made.
            RefusedError: It has a table that certkit has not written.

        """
        folder = self.path.parent
        is_there = os.path.lexists(folder)
        above = folder if is_there else next(each for each in folder.absolute().parents if each.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            raise MissingError(
                f"{above} is not a folder, or cannot be written", "Name another folder.", code="out-dir-unwritable"
            )
        self.rows()

    def rows(self) -> list[Row]:
        """Return the rows that are there, none where there is no table."""
        try:
            titles, *rows = csv.reader(io.StringIO(files.read(self.path).decode(), newline=""), strict=True)
        except MissingError:
            return []
        except (ValueError, csv.Error):
            titles, rows = [], []
        if tuple(titles) != self.titles or any(len(row) != len(self.titles) for row in rows):
            raise RefusedError(
                f"{self.path} is there already, and is not as certkit has written it",
                "Move it away, or name another folder.",
                code="file-in-the-way",
                path=self.path,
            )
        return list(rows)

    def write(self, rows: Iterable[Row]) -> None:
        """Replace the table, and make its folder if there is none."""
        folder = self.path.parent
        if not folder.exists():
            files.make_private_directory(folder)
        if not any(folder.iterdir()):  # whoever was killed here has made it, and no more
            files.ignore(folder)
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([self.titles, *rows])
        files.write(self.path, text.getvalue().encode())

    def sweep(self) -> None:
        """Remove the drafts that a killed run has left, hidden and with secrets; hold the home's lock."""
        for name in (self.path.name, files.IGNORED):
            for draft in self.path.parent.glob(f".{name}.{'[0-9a-f]' * 16}"):
                draft.unlink(missing_ok=True)
