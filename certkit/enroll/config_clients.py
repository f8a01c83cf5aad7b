"""Enroll Earthly and EarthBuild, the clients that read a configuration.

First comes the plan, which reads; then its application, which writes. The files of a team are written first and the
configuration last, each atomically: whenever it is interrupted, the client works as before or as enrolled.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from certkit import files
from certkit.earthly import edit
from certkit.earthly.clients import Client
from certkit.earthly.config import faults_in
from certkit.earthly.decoding import Fault
from certkit.enroll import record, replacement
from certkit.enroll.bundle import Bundle
from certkit.enroll.config_file import ConfigFile, ReadOnlyPlaceError
from certkit.enroll.record import Record
from certkit.enroll.replacement import Present, Warrant
from certkit.errors import CertkitError


class Step(NamedTuple):
    """What is to be done for one client.

    `contents` are the files written to `folder`, none if they are there; `edited` is what becomes of the
    configuration, `backup` where its former content is kept, and `others` what becomes of other teams' records.
    `renews` if the certificate takes the place of one that ends earlier. `to_paste` are the lines to add to what the
    configuration is made from, where it cannot be written; `faults` are what the client would stop at in it.
    """

    folder: Path
    contents: Mapping[str, bytes]
    config: ConfigFile
    edited: bytes
    backup: Path | None
    others: Mapping[Path, bytes]
    renews: bool
    to_paste: Sequence[str] = ()
    faults: Sequence[Fault] = ()

    @property
    def client(self) -> Client:
        """Whose step it is."""
        return self.config.client

    @property
    def edits(self) -> bool:
        """Whether the configuration changes."""
        return self.edited != self.config.content

    @property
    def is_done(self) -> bool:
        """Whether all is as it should be already."""
        return not self.contents and not self.edits and not self.to_paste


def plan(bundle: Bundle, clients: Sequence[Client], warrant: Warrant = Warrant.NOTHING) -> list[Step]:
    """Find out what there is to do, and write nothing.

    Raises:
        RefusedError: A client is enrolled in the team already, and `replacement.check` does not let this bundle take
            the place; or its configuration cannot be edited safely, with the line.
        MalformedError: A configuration cannot be read, with the line.
        MissingError: The bundle has no key.

    """
    steps = []
    for client in clients:
        with files.acting_as(client.owner):
            steps.append(_step(bundle, client, warrant))
    return steps


def apply(steps: Sequence[Step]) -> None:
    """Do what is planned; a step that fails leaves nothing behind."""
    for step in steps:
        with files.acting_as(step.client.owner), ExitStack() as undoing:
            _apply(step, undoing)
            undoing.pop_all()


def _step(bundle: Bundle, client: Client, warrant: Warrant) -> Step:
    pem_files = bundle.files()
    config = ConfigFile.load(client)
    folder = record.folder_of(client, bundle.team)
    present = record.load(folder)
    renews = present is not None and _renews(bundle, folder, present, warrant)
    with config.explained():
        is_in_use = record.line_that_uses(config.content, folder) is not None
        before = _content_before(config, present, is_in_use=is_in_use)
        new = _record(bundle, {**(present.former if present else {}), config.path: before}, client.directory)
        edited = edit.set_globals(config.content or b"", new.values)
        others = record.without(present, config) if present and not is_in_use else {}
        faults = faults_in(edited)
    contents = {**pem_files, record.NAME: new.to_json()}
    backup = None if is_in_use or edited == config.content else _backup(config, bundle.team)
    is_there = present == new and record.path_in(folder).name == record.NAME and _holds(folder, pem_files)
    missing = {} if is_there else contents
    step = Step(folder, missing, config, edited, backup, others, renews, faults=faults)
    return _as_far_as_writable(step, new) if step.edits else step


def _as_far_as_writable(step: Step, record_: Record) -> Step:
    """Return the step, or where its configuration lies in a read-only place the one that leaves it to be pasted."""
    try:
        step.config.check_writable()
    except ReadOnlyPlaceError:
        lines = edit.set_globals(b"", record_.values).decode().splitlines()
        return step._replace(edited=step.config.content or b"", backup=None, to_paste=lines)
    return step


def _renews(bundle: Bundle, folder: Path, present: Record, warrant: Warrant) -> bool:
    known = frozenset(url for _, url in present.daemons)
    return replacement.check(bundle, bundle.urls, Present(folder, f"as {present.person}", known), warrant)


def _content_before(config: ConfigFile, present: Record | None, *, is_in_use: bool) -> bytes | None:
    """Return what is to be put back one day; if the team is in use already, what was there before it was."""
    if not is_in_use:
        return config.content
    if present and config.path in present.former:
        return present.former[config.path]
    return edit.set_globals(config.content or b"", dict.fromkeys(edit.KEYS))


def _record(bundle: Bundle, former: Mapping[Path, bytes | None], directory: Path) -> Record:
    daemons = tuple((daemon.name, daemon.url) for daemon in bundle.daemons)
    return Record(bundle.team, bundle.person, bundle.device, daemons, former, directory)


def _backup(config: ConfigFile, team: str) -> Path | None:
    """Return a free name for a copy of the file, None if there is nothing to copy or a copy of it is there."""
    for path in config.backups(team) if config.content is not None else ():
        if not path.exists():
            return path
        if files.read(path) == config.content:
            break
    return None


def _holds(folder: Path, contents: Mapping[str, bytes]) -> bool:
    try:
        return all(files.read(folder / name) == content for name, content in contents.items())
    except CertkitError:
        return False


def _apply(step: Step, undoing: ExitStack) -> None:
    owner = step.client.owner
    if step.backup and not step.backup.exists():
        step.config.write_beside(step.backup, step.config.content or b"")
        undoing.callback(step.backup.unlink)
    for path, content in step.others.items():
        files.write(path, content, owner=owner)
    if step.contents:
        is_new = not step.folder.is_symlink()
        files.write_directory(step.folder, step.contents, owner=owner)
        if is_new:
            undoing.callback(files.remove_directory, step.folder)
    if step.edits:
        step.config.replace(step.edited)
