"""The folder that many bundles go to, and the table of their passphrases beside them; all of it is private."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.authority.batches import Prepared, Wanted
from certkit.cli.support.issuance_report import as_data
from certkit.cli.support.private_table import PrivateTable
from certkit.errors import RefusedError
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
        return self._table.path

    @property
    def _table(self) -> PrivateTable:
        return PrivateTable(self.path / TABLE, _TITLES)

    def file_of(self, person: str, device: str) -> Path:
        """Return where the bundle for a device lies, or is to lie: another place for every other device."""
        readable = _PLAIN.fullmatch(person) and not _LIKE_A_LABEL.search(person)
        return self.path / f"{person if readable else names.label(person)}.{names.label(device)}.certkit"

    def holds(self, person: str, device: str) -> bool:
        """Tell whether there is something where that bundle is to lie."""
        return os.path.lexists(self.file_of(person, device))

    def check(self) -> None:
        """Raise, as `PrivateTable.check` does, if bundles cannot be written here."""
        self._table.check()

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
        new = [self._row(each) for each in prepared]
        written = {row[2] for row in new}
        self._table.write([*(row for row in self._table.rows() if row[2] not in written), *new])
        files.write_all({self.file_of(each.issued.person, each.issued.device): each.content for each in prepared})

    def as_data(self, made: Prepared) -> dict[str, object]:
        """Return a bundle, with the passphrase that was made up for it, as JSON takes it."""
        data = as_data(made.issued, self.file_of(made.issued.person, made.issued.device))
        return data | ({"passphrase": made.passphrase} if made.passphrase else {})

    def sweep(self) -> None:
        """Remove the drafts that a killed run has left, hidden and with passphrases; hold the home's lock."""
        self._table.sweep()
        for draft in self.path.glob(f".*.certkit.{'[0-9a-f]' * 16}"):
            draft.unlink(missing_ok=True)

    def _row(self, each: Prepared) -> Sequence[str]:
        issued = each.issued
        expires = time_text(issued.certificate.not_valid_after_utc)
        file = self.file_of(issued.person, issued.device).name
        return issued.person, issued.device, file, expires, each.passphrase or ""
