"""Undo an enrollment of Earthly or EarthBuild: the former values come back, the team's folder goes.

The key is removed only when the configuration no longer names it, so an interruption leaves a client that works.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from certkit import files
from certkit.earthly.clients import Client
from certkit.enroll import abandoned, record, stack
from certkit.enroll.config_file import ConfigFile
from certkit.enroll.record import Record
from certkit.errors import MissingError, RefusedError


@dataclass(frozen=True)
class Undoing:
    """What is undone for one client.

    `restored` is what becomes of its configuration, None if that was not there before; `others` what becomes of other
    records; `backups` are copies that say no more than the restored file, `kept` those that do. `keeps_folder` if
    another configuration of the client uses it too, `is_abandoned` if somebody has removed its files already.
    """

    folder: Path
    config: ConfigFile
    restored: bytes | None
    others: Mapping[Path, bytes]
    backups: Sequence[Path]
    kept: Sequence[Path]
    keeps_folder: bool
    is_abandoned: bool

    @property
    def client(self) -> Client:
        """Whose enrollment it is."""
        return self.config.client

    @property
    def edits(self) -> bool:
        """Whether the configuration changes; it does not if it no longer names the team's files."""
        return self.restored != self.config.content


def plan(client: Client, team: str) -> Undoing:
    """Say what there is to undo, and change nothing.

    Raises MissingError if the client is not enrolled in the team, MalformedError or RefusedError, with the line, if
    its configuration cannot be edited or would still name the team's files.
    """
    folder = record.folder_of(client, team)
    config = ConfigFile.load(client)
    is_abandoned = abandoned.team_of(client) == team and record.load(folder) is None
    recorded = None if is_abandoned else _present(folder, config)
    with config.explained():
        present = recorded or abandoned.rebuilt(config, team)
        restored = _restored(config, present, folder)
        others = stack.without(present, config)
    rest = {path: former for path, former in present.former.items() if path != config.path}
    if rest:
        others[folder / record.NAME] = replace(present, former=rest).to_json()
    copies = list(takewhile(Path.exists, config.backups(team)))
    spent = [path for path in copies if files.read(path) == restored]
    kept = [path for path in copies if path not in spent]
    undoing = Undoing(folder, config, restored, others, spent, kept, keeps_folder=bool(rest), is_abandoned=is_abandoned)
    if undoing.edits:
        config.check_writable()
    return undoing


def apply(undoing: Undoing) -> None:
    """Do what is planned."""
    if undoing.edits:
        undoing.config.replace(undoing.restored)
    for path, content in undoing.others.items():
        files.write(path, content, owner=undoing.client.owner)
    if not undoing.keeps_folder:
        (undoing.folder / "key.pem").unlink(missing_ok=True)  # while the record still leads here
        files.remove_directory(undoing.folder)
        with contextlib.suppress(OSError):  # others' files are in it, or it is not there
            undoing.folder.parent.rmdir()
    for path in undoing.backups:
        path.unlink(missing_ok=True)


def _present(folder: Path, config: ConfigFile) -> Record:
    present = record.load(folder)
    if present is None:
        raise MissingError(
            f"{config.client.title} is not enrolled in {folder.name}", "certkit unenroll without --team undoes any."
        )
    if config.path not in present.former:
        others = ", ".join(map(str, present.former))
        raise MissingError(
            f"it was not {config.path} that was edited to enroll in {folder.name}", f"Use --config {others}"
        )
    return present


def _restored(config: ConfigFile, present: Record, folder: Path) -> bytes | None:
    if record.line_that_uses(config.content, folder) is None:
        return config.content
    restored = present.undo(config.content or b"", config.path)
    line = record.line_that_uses(restored, folder)
    if line is not None:
        raise RefusedError(
            f"line {line}: the enrollment's files would still be used here", "Take that out by hand first."
        )
    return restored
