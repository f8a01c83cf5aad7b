"""What a laptop remembers of an enrollment: `enrollment.json`, beside the certificates that it is about.

Enrollments lie one upon the other: what each has kept of the configuration may be the work of the one below it. When
one is taken out from among others, what those above it have kept must not lead back to it.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from certkit import files
from certkit.earthly import edit
from certkit.earthly.clients import Client
from certkit.earthly.section import Value
from certkit.enroll.config_file import ConfigFile
from certkit.errors import MalformedError, MissingError

NAME = "enrollment.json"
FORMER_NAME = "enrolment.json"
"""What certkit called it once; an enrollment from then has it still, until it is renewed."""


class Record(NamedTuple):
    """Who is enrolled where; `daemons` are names with URLs, the first being that in use.

    `former` has for each configuration file that was edited its content before, None if it was not there. `directory`
    is the client's folder as it was called then: a home folder may be renamed, or found by another path.
    """

    team: str
    person: str
    device: str
    daemons: tuple[tuple[str, str], ...]
    former: Mapping[Path, bytes | None]
    directory: Path | None = None

    @property
    def values(self) -> dict[str, Value]:
        """What the enrollment sets under `global`; paths are relative to the client's folder, as it reads them."""
        return {
            "buildkit_host": self.daemons[0][1],
            "tlsca": f"./certs/{self.team}/ca.pem",
            "tlscert": f"./certs/{self.team}/cert.pem",
            "tlskey": f"./certs/{self.team}/key.pem",
            "tls_enabled": True,
        }

    def undo(self, content: bytes, path: Path) -> bytes | None:
        """Take the enrollment out of a configuration that it is in; None if the file was not there before."""
        former = self.former[path]
        undone = edit.undo(content, former or b"", self.values)
        return undone if undone or former is not None else None

    def to_json(self) -> bytes:
        """Encode the record as a file's content."""
        former = {str(path): None if text is None else text.decode() for path, text in self.former.items()}
        fields = {"version": 1, "team": self.team, "person": self.person, "device": self.device}
        daemons = [{"name": name, "url": url} for name, url in self.daemons]
        place = {"directory": str(self.directory)} if self.directory else {}
        return json.dumps(fields | place | {"daemons": daemons, "former": former}, indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> "Record":
        """Read a record; raises ValueError, KeyError, TypeError or AttributeError if it is none."""
        found = json.loads(content)
        team, person, device = (str(found[key]) for key in ("team", "person", "device"))
        daemons = tuple((str(daemon["name"]), str(daemon["url"])) for daemon in found["daemons"])
        former = {Path(path): None if text is None else text.encode() for path, text in found["former"].items()}
        if not daemons:
            raise ValueError
        directory = Path(found["directory"]) if "directory" in found else None
        return cls(team, person, device, daemons, former, directory)

    def found_in(self, directory: Path) -> "Record":
        """Return the record with the configurations where they are now that the client's folder is `directory`."""
        moved = {_moved(path, self.directory, directory): text for path, text in reversed(list(self.former.items()))}
        return self._replace(former=dict(reversed(list(moved.items()))), directory=directory)


def folder_of(client: Client, team: str) -> Path:
    """Return the folder of a team's certificates, below the client's own."""
    return client.directory / "certs" / team


def path_in(folder: Path) -> Path:
    """Return where the record of a folder lies, or is to lie."""
    former = folder / FORMER_NAME
    return former if former.exists() and not (folder / NAME).exists() else folder / NAME


def load(folder: Path) -> Record | None:
    """Read a folder's record, None where there is none; raise MalformedError if it is damaged."""
    path = path_in(folder)
    remedy = f"Remove {folder} and enroll again."
    try:
        record = Record.from_json(files.read(path))
    except MissingError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise MalformedError(f"{path} is damaged", remedy, code="enrollment-record-damaged", path=path) from None
    if record.team != folder.name:
        raise MalformedError(f"{path} is of another team", remedy, code="enrollment-record-of-another", path=path)
    return record.found_in(folder.parent.parent)


def _moved(path: Path, former: Path | None, directory: Path) -> Path:
    """Return where a configuration is whose client's folder was `former`, None if that was not recorded."""
    if former is not None:
        return directory / path.relative_to(former) if path.is_relative_to(former) else path
    is_elsewhere = os.path.exists(path.parent) and not os.path.samefile(path.parent, directory)  # noqa: PTH110, PTH121  never raises
    return path if path.parent.name != directory.name or is_elsewhere else directory / path.name


def teams(client: Client) -> list[str]:
    """Return the teams in which a client is enrolled, by name."""
    certs = client.directory / "certs"
    # A killed command leaves a hidden link.
    folders = {path.parent for name in (NAME, FORMER_NAME) for path in certs.glob(f"[!.]*/{name}")}
    return sorted(folder.name for folder in folders if folder.is_symlink())


def without(leaving: Record, config: ConfigFile) -> dict[Path, bytes]:
    """Return the new content of the records of other teams that would put an enrollment back into `config`."""
    changed = {}
    folder = folder_of(config.client, leaving.team)
    for team in teams(config.client):
        place = folder_of(config.client, team)
        above = load(place)
        kept = above.former.get(config.path) if above and team != leaving.team else None
        if above and kept and config.path in leaving.former and line_that_uses(kept, folder) is not None:
            former = {**above.former, config.path: leaving.undo(kept, config.path)}
            changed[path_in(place)] = above._replace(former=former).to_json()
    return changed


def line_that_uses(content: bytes | None, folder: Path, directory: Path | None = None) -> int | None:
    """Return the line of a configuration that names a file of a team's folder, None if none does.

    Relative paths start in `directory`, by default that of the client whose folder it is. Raises as `edit.scalars`
    does.
    """
    directory, inside = directory or folder.parent.parent, f"{os.path.normpath(folder)}{os.sep}"
    for line, value in edit.scalars(content or b""):
        if os.path.normpath(directory / value).startswith(inside):
            return line
    return None
