"""Undo everything that an enrollment has set up on this machine: the former values come back, the team's folder goes.

The key is removed only when the configuration no longer names it, so an interruption leaves a client that works. An
enrollment is *abandoned* if somebody has removed its files by hand while the configuration still leads to them.
"""

import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile
from pathlib import Path

from certkit import files
from certkit.earthly import config as earthly
from certkit.earthly import edit, flag_clients, selection
from certkit.earthly.clients import KINDS, Client, locate
from certkit.earthly.user import Environment, User, user_of
from certkit.enroll import flag_files, record, renewal_record
from certkit.enroll.config_file import ConfigFile
from certkit.enroll.record import Record
from certkit.errors import CertkitError, InvalidError, MalformedError, MissingError, RefusedError

_MENDED_FIRST = (
    "client-config-folder-missing",
    "client-config-folder-read-only",
    "client-config-of-another-user",
    "client-config-read-only",
    "enrollment-still-used",
)
"""Why a configuration is not edited that its owner can put right in a moment: then nothing is undone."""


@dataclass(frozen=True)
class Undoing:
    """What is undone for one client.

    `restored` is what becomes of its configuration, None if that was not there before; `others` what becomes of other
    records; `backups` are copies that say no more than the restored file, `kept` those that do. If
    other configurations of the client, `users`, use it too, `is_abandoned` if somebody has removed its files already.
    `obstacle` is why the configuration cannot be edited: then it stays, `to_take_out` are the lines that somebody must
    take out of it by hand, and the key goes all the same.
    """

    folder: Path
    config: ConfigFile
    restored: bytes | None
    others: Mapping[Path, bytes]
    backups: Sequence[Path]
    kept: Sequence[Path]
    users: Sequence[Path]
    is_abandoned: bool
    obstacle: CertkitError | None = None
    to_take_out: Sequence[str] = ()

    @property
    def client(self) -> Client:
        """Whose enrollment it is."""
        return self.config.client

    @property
    def keeps_folder(self) -> bool:
        """Whether the key stays, for other configurations."""
        return bool(self.users)

    @property
    def edits(self) -> bool:
        """Whether the configuration changes; it does not if it no longer names the team's files."""
        return self.restored != self.config.content


@dataclass(frozen=True)
class Unenrollment:
    """A team, and what it comes to here to leave it.

    `undoings` are those for Earthly and EarthBuild; `folders` are the flag clients', which share them. `remaining` are
    the clients that stay enrolled.
    """

    user: User
    team: str
    undoings: Sequence[Undoing]
    folders: Sequence[Path]
    remaining: Sequence[str]

    @property
    def names(self) -> Sequence[str]:
        """The clients that leave."""
        return [*(undoing.client.name for undoing in self.undoings), *(flag_clients.NAMES if self.folders else ())]

    def apply(self) -> None:
        """Do what is to be done."""
        for undoing in self.undoings:
            with files.acting_as(undoing.client.owner):
                apply_one(undoing)
        if self.folders:
            flag_files.remove(self.user, self.team)
        renewal_record.leave(self.user, self.team, self.remaining)


def plan(
    environ: Environment, names: Sequence[str] = (), *, team: str | None = None, config: Path | None = None
) -> Unenrollment:
    """Find out what there is to undo, and change nothing.

    Args:
        environ: The variables by which the clients find their files.
        names: The clients to undo it for, else all that are enrolled.
        team: Which team; it can be left out where there is only one.
        config: Another configuration than the client's own.

    Raises:
        InvalidError: It makes no sense.
        MissingError: Nobody is enrolled.
        CertkitError: As `plan_one` raises.

    """
    user = user_of(environ)
    with files.acting_as(user.owner):  # who may have planted links in their own folders
        return _plan(user, environ, names, team, config)


def _plan(
    user: User, environ: Environment, names: Sequence[str], team: str | None, config: Path | None
) -> Unenrollment:
    configured = selection.configured(environ, names, config)
    others = not config and (not names or any(name in flag_clients.NAMES for name in names))
    found = _teams(configured)
    chosen = _team(team, {*chain(*found.values()), *(flag_clients.teams(user) if others else [])})
    enrolled = [client for client in configured if names or chosen in found[client]]
    if config and len(enrolled) > 1:
        raise InvalidError(
            "a configuration is one client's file, and two clients are enrolled",
            code="client-config-of-two",
            clients=tuple(client.name for client in enrolled),
        )
    undoings = [plan_one(client, chosen) for client in enrolled]
    places = flag_clients.places(user, chosen)
    here = [client.name for client in selection.configured(environ, (), None) if chosen in record.teams(client)]
    remaining = [name for name in here if name not in {client.name for client in enrolled}]
    if places and not others:
        remaining += flag_clients.NAMES
    leaving = places if others else []
    _check_unused_by_others(environ, undoings, leaving)
    return Unenrollment(user, chosen, undoings, leaving, remaining)


def plan_one(client: Client, team: str) -> Undoing:
    """Find out what there is to undo for one client, and change nothing.

    A configuration that certkit cannot edit, or the client cannot read, does not hold the key back.

    Raises:
        MissingError: The client is not enrolled in the team.
        RefusedError: Its configuration is not to be written, or would still name the team's files, with the line.

    """
    folder = record.folder_of(client, team)
    config, unreadable = _loaded(client)
    is_abandoned = _abandoned_team(client) == team and record.load(folder) is None
    recorded = None if is_abandoned else _present(folder, config)
    try:
        undoing = _undoing(config, recorded, folder, is_abandoned=is_abandoned)
        if undoing.edits:
            config.check_writable()
    except (MalformedError, RefusedError) as error:
        if recorded is None or error.code in _MENDED_FIRST:
            raise
        return _left_to_be_edited(config, recorded, folder, error)
    return _left_to_be_edited(config, recorded, folder, unreadable) if recorded and unreadable else undoing


def _loaded(client: Client) -> tuple[ConfigFile, CertkitError | None]:
    """Return a client's file, and why it cannot be read, if it cannot."""
    try:
        return ConfigFile.load(client), None
    except CertkitError as error:
        return ConfigFile(client, client.config, client.config, None), error


def _undoing(config: ConfigFile, recorded: Record | None, folder: Path, *, is_abandoned: bool) -> Undoing:
    team = folder.name
    with config.explained():
        present = recorded or _rebuilt(config, team)
        restored = _restored(config, present, folder)
        others = record.without(present, config)
    rest, users = _rest(config, present, folder), _others(config, present)
    _check_unused(folder, folder.parent.parent, [config.path, *users])
    copies = list(takewhile(Path.exists, config.backups(team)))
    spent = [path for path in copies if files.read(path) == restored]
    kept = [path for path in copies if path not in spent]
    return Undoing(folder, config, restored, {**others, **rest}, spent, kept, users=users, is_abandoned=is_abandoned)


def _left_to_be_edited(config: ConfigFile, present: Record, folder: Path, obstacle: CertkitError) -> Undoing:
    others: dict[Path, bytes] = {}
    with contextlib.suppress(CertkitError):  # other records keep what they have where it cannot be read either
        others = record.without(present, config)
    rest = _rest(config, present, folder)
    kept = list(takewhile(Path.exists, config.backups(folder.name)))
    return Undoing(
        folder,
        config,
        config.content,
        {**others, **rest},
        [],
        kept,
        users=_others(config, present),
        is_abandoned=False,
        obstacle=obstacle,
        to_take_out=_lines_of(config, present),
    )


def _others(config: ConfigFile, present: Record) -> list[Path]:
    return [path for path in present.former if path != config.path]


def _check_unused(folder: Path, directory: Path, known: Collection[Path]) -> None:
    """Raise RefusedError if a configuration that no record knows uses the team's files: the key stays.

    Looked at are those of the client whose folder is `directory`.
    """
    for path in (directory / name for name in ("config.yml", "config.yaml")):
        _check_unused_in(path, folder, directory, known)


def _check_unused_in(path: Path, folder: Path, directory: Path, known: Collection[Path]) -> None:
    line = None
    with contextlib.suppress(CertkitError):  # what cannot be read is of no use to the client either
        content = files.read(path, limit=earthly.LIMIT) if path.is_file() and path not in known else None
        line = record.line_that_uses(content, folder, directory)
    if line is not None:
        raise RefusedError(
            f"{path}, line {line}: the enrollment's files are used here, too",
            "Take that out by hand first.",
            code="enrollment-still-used",
            line=line,
        )


def _check_unused_by_others(environ: Environment, undoings: Sequence[Undoing], places: Sequence[Path]) -> None:
    """Raise as `_check_unused` does for what is going, whichever client's configuration names it."""
    going = [each.folder for each in undoings if not (each.keeps_folder or each.is_abandoned)]
    known = {path for each in undoings for path in (each.config.path, *each.users)}
    for client in (locate(name, environ) for name in KINDS):
        for folder in (*going, *places):
            _check_unused(folder, client.directory, known)
            _check_unused_in(client.config, folder, client.directory, known)


def _rest(config: ConfigFile, present: Record, folder: Path) -> dict[Path, bytes]:
    """Return the record without this configuration, if it has others."""
    rest = {path: former for path, former in present.former.items() if path != config.path}
    return {record.path_in(folder): present._replace(former=rest).to_json()} if rest else {}


def _lines_of(config: ConfigFile, present: Record) -> list[str]:
    """Return what an enrollment has set, each as the line that it stands on where one can be recognized."""
    lines = (config.content or b"").decode(errors="replace").splitlines()
    found = []
    for key, value in present.values.items():
        setting = f"{key}: {str(value).lower() if isinstance(value, bool) else value}"
        at = [number for number, line in enumerate(lines, 1) if all(part in line for part in setting.split(": "))]
        found.append(f"line {at[0]}: {setting}" if at else setting)
    return found


def apply_one(undoing: Undoing) -> None:
    """Do what is planned for one client."""
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


def _teams(configured: Sequence[Client]) -> dict[Client, list[str]]:
    """Return the teams in which each client is enrolled, with the one whose files somebody has removed."""
    found = {client: record.teams(client) for client in configured}
    in_use = {client.config for client, teams in found.items() if teams}
    for client in configured:
        lost = _abandoned_team(client) if client.config not in in_use else None
        found[client] += [lost] if lost else []
    return found


def _team(asked: str | None, enrolled: set[str]) -> str:
    known = ", ".join(sorted(enrolled))
    if not enrolled:
        raise MissingError("not enrolled in any team", code="not-enrolled-at-all")
    if asked is None and len(enrolled) > 1:
        raise InvalidError(
            f"enrolled in more than one team: {known}", code="enrolled-in-several-teams", teams=sorted(enrolled)
        )
    if asked is not None and asked not in enrolled:
        raise MissingError(
            f"not enrolled in {asked}", f"Enrolled in: {known}.", code="not-enrolled-in-team", team=asked
        )
    return asked or known


def _present(folder: Path, config: ConfigFile) -> Record:
    present = record.load(folder)
    if present is None:
        raise MissingError(
            f"{config.client.title} is not enrolled in {folder.name}",
            code="client-not-enrolled",
            client=config.client.name,
            team=folder.name,
        )
    if config.path not in present.former:
        raise MissingError(
            f"it was not {config.path} that was edited to enroll in {folder.name}",
            code="enrolled-by-another-config",
            path=config.path,
            configs=sorted(present.former),
        )
    return present


def _restored(config: ConfigFile, present: Record, folder: Path) -> bytes | None:
    if record.line_that_uses(config.content, folder) is None:
        return config.content
    restored = present.undo(config.content or b"", config.path)
    line = record.line_that_uses(restored, folder)
    if line is not None:
        raise RefusedError(
            f"line {line}: the enrollment's files would still be used here",
            "Take that out by hand first.",
            code="enrollment-still-used",
            line=line,
        )
    return restored


def _abandoned_team(client: Client) -> str | None:
    """Return the team whose key a client's configuration names, if that key is no longer where it was put."""
    with contextlib.suppress(CertkitError), files.acting_as(client.owner):
        key = Path(os.path.normpath(earthly.read(client, {}, strict=False).tlskey))
        team = key.parent.name
        if key == record.folder_of(client, team) / "key.pem" and not key.exists():
            return team
    return None


def _rebuilt(config: ConfigFile, team: str) -> Record:
    """Rebuild the record that has been removed: former values are those of the last copy kept, else none.

    Raise as `edit.set_globals` does.
    """
    daemon = (team, earthly.read(config.client, {}, strict=False).buildkit_host)
    made = Record(team, "", "", (daemon,), {config.path: None})
    content, backup = config.content or b"", _newest_backup(config, team)
    if backup:
        return made._replace(former={config.path: files.read(backup, limit=earthly.LIMIT)})
    if edit.set_globals(b"", made.values) == content:
        return made
    return made._replace(former={config.path: edit.set_globals(content, dict.fromkeys(edit.KEYS))})


def _newest_backup(config: ConfigFile, team: str) -> Path | None:
    """Return the last copy of a configuration that an enrollment has kept."""
    return next(reversed(list(takewhile(Path.exists, config.backups(team)))), None)
