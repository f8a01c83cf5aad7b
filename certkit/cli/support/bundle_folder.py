"""The folder that many bundles go to, and the table of their passphrases beside them; all of it is private."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.authority.batches import Prepared, Wanted
from certkit.cli.support.issuance_report import as_data
from certkit.cli.support.table_folder import TableFolder
from certkit.errors import RefusedError
from certkit.results import time_text

TABLE = "bundles.csv"
_TITLES = ("person", "device", "bundle", "expires", "passphrase")
_SUFFIX = ".certkit"


@dataclass(frozen=True)
class BundleFolder:
    """A folder that may not be there yet."""

    path: Path

    @property
    def table(self) -> Path:
        """The table of who gets which file with which passphrase."""
        return self._folder.table

    @property
    def _folder(self) -> TableFolder:
        return TableFolder(self.path, TABLE, _TITLES, "bundle")

    def file_of(self, person: str, device: str) -> Path:
        """Return where the bundle for a device lies, or is to lie: another place for every other device."""
        return self._folder.file_of(person, device, _SUFFIX)

    def holds(self, person: str, device: str) -> bool:
        """Tell whether there is something where that bundle is to lie."""
        return os.path.lexists(self.file_of(person, device))

    def check(self) -> None:
        """Raise as `TableFolder.check` does if bundles cannot be written here."""
        self._folder.check()

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
        self._folder.add([self._row(each) for each in prepared])
        files.write_all({self.file_of(each.issued.person, each.issued.device): each.content for each in prepared})

    def as_data(self, made: Prepared) -> dict[str, object]:
        """Return a bundle, with the passphrase that was made up for it, as JSON takes it."""
        data = as_data(made.issued, self.file_of(made.issued.person, made.issued.device))
        return data | ({"passphrase": made.passphrase} if made.passphrase else {})

    def sweep(self) -> None:
        """Remove the drafts that a killed run has left, hidden and with passphrases; hold the home's lock."""
        self._folder.sweep(_SUFFIX)

    def _row(self, each: Prepared) -> Sequence[str]:
        issued = each.issued
        expires = time_text(issued.certificate.not_valid_after_utc)
        file = self.file_of(issued.person, issued.device).name
        return issued.person, issued.device, file, expires, each.passphrase or ""
