"""The folder that many bundles go to, and the table of their passphrases beside them; all of it is private."""

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.authority.batches import Prepared, Wanted
from certkit.errors import MissingError, RefusedError
from certkit.pki import names
from certkit.results import time_text

TABLE = "bundles.csv"
_TITLES = ("person", "device", "bundle", "expires", "passphrase")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]*")
_LIKE_A_LABEL = re.compile(r"-[a-z2-7]{10}\Z")


@dataclass(frozen=True)
class BundleFolder:
    """A folder that may not be there yet."""

    path: Path

    @property
    def table(self) -> Path:
        """The table of who gets which file with which passphrase."""
        return self.path / TABLE

    def file_of(self, person: str, device: str) -> Path:
        """Return where the bundle for a device lies, or is to lie: another place for every other device."""
        readable = _PLAIN.fullmatch(person) and not _LIKE_A_LABEL.search(person)
        return self.path / f"{person if readable else names.label(person)}.{names.label(device)}.certkit"

    def holds(self, person: str, device: str) -> bool:
        """Tell whether there is something where that bundle is to lie."""
        return os.path.lexists(self.file_of(person, device))

    def check(self) -> None:
        """Raise if bundles cannot be written here, before anything is done that would be lost without them.

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
        self._rows()

    def check_free(self, wanted: Iterable[Wanted]) -> None:
        """Raise RefusedError if there is something in the place of one of these bundles."""
        for each in wanted:
            if each.device and self.holds(each.person, each.device):
                path = self.file_of(each.person, each.device)
                raise RefusedError(
                    f"{path} exists already and is not overwritten",
                    "Name another folder.",
                    code="file-exists",
                    path=path,
                )

    def write(self, prepared: Sequence[Prepared]) -> None:
        """Write the table first, without which no bundle can be opened, then the bundles."""
        if not self.path.exists():
            files.make_key_directory(self.path)
        new = [self._row(each) for each in prepared]
        written = {row[2] for row in new}
        rows = [_TITLES, *(row for row in self._rows() if row[2] not in written), *new]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        files.write(self.table, text.getvalue().encode())
        for each in prepared:
            files.write(self.file_of(each.issued.person, each.issued.device), each.content, replace=False)

    def sweep(self) -> None:
        """Remove the drafts that a killed run has left, hidden and with passphrases; hold the home's lock."""
        for pattern in (f".{TABLE}", ".*.certkit"):
            for draft in self.path.glob(f"{pattern}.{'[0-9a-f]' * 16}"):
                draft.unlink(missing_ok=True)

    def _row(self, each: Prepared) -> Sequence[str]:
        issued = each.issued
        expires = time_text(issued.certificate.not_valid_after_utc)
        file = self.file_of(issued.person, issued.device).name
        return issued.person, issued.device, file, expires, each.passphrase or ""

    def _rows(self) -> list[Sequence[str]]:
        """Return the rows of the table that is there."""
        try:
            titles, *rows = csv.reader(io.StringIO(files.read(self.table).decode(), newline=""), strict=True)
        except MissingError:
            return []
        except (ValueError, csv.Error):
            titles, rows = [], []
        if tuple(titles) != _TITLES or any(len(row) != len(_TITLES) for row in rows):
            raise RefusedError(
                f"{self.table} is there already, and is not as certkit has written it",
                "Move it away, or name another folder.",
                code="file-in-the-way",
                path=self.table,
            )
        return list(rows)
