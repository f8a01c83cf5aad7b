"""Use another of the daemons that a bundle has named, without the bundle: the enrollment's record knows them all.

The record is written first and the configuration last, each atomically: whenever it is interrupted, the client works
with the one daemon or the other, and the same switch can be made again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.earthly import config as earthly
from certkit.earthly import edit, flag_clients, selection
from certkit.earthly.flag_clients import EnrolledDaemon
from certkit.earthly.user import User, user_of
from certkit.enroll import record
from certkit.enroll.bundle import Daemon
from certkit.enroll.config_file import ConfigFile
from certkit.enroll.record import Record
from certkit.errors import MissingError


@dataclass(frozen=True)
class Used:
    """An enrollment that a client's configuration leads to; `daemon` is the one in use, None if it is another's."""

    config: ConfigFile
    folder: Path
    record: Record
    daemon: str | None

    @property
    def daemons(self) -> tuple[Daemon, ...]:
        """Those among which can be switched."""
        return tuple(Daemon(name, url) for name, url in self.record.daemons)


@dataclass(frozen=True)
class Enrollments:
    """What is enrolled here: `used` by Earthly and EarthBuild, and the daemons for which flag clients have files."""

    user: User
    used: Sequence[Used]
    flagged: Sequence[EnrolledDaemon]


@dataclass(frozen=True)
class Switch:
    """What is to be done for one client: `edited` is what becomes of its configuration."""

    used: Used
    daemon: Daemon
    record: Record
    edited: bytes

    @property
    def is_done(self) -> bool:
        """Whether all is as it should be already."""
        return self.edited == self.used.config.content and self.record == self.used.record

    def apply(self) -> None:
        """Do it."""
        config = self.used.config
        with files.acting_as(config.client.owner):
            files.write(record.path_in(self.used.folder), self.record.to_json(), owner=config.client.owner)
            if self.edited != config.content:
                config.replace(self.edited)


def enrollments(
    environ: Mapping[str, str], names: Sequence[str] = (), *, team: str | None = None, config: Path | None = None
) -> Enrollments:
    """Find out what is enrolled here and in use.

    Args:
        environ: The variables by which the clients find their files.
        names: The clients to look at, else all that are enrolled.
        team: Only this team's.
        config: Another configuration than the client's own.

    Raises:
        InvalidError: There is no such client.
        MissingError: Nothing is enrolled that is in use.
        CertkitError: A configuration or a record cannot be read.

    """
    user = user_of(environ)
    used: list[Used] = []
    for client in selection.configured(environ, names, config):
        with files.acting_as(client.owner):
            found = [_used(ConfigFile.load(client), each) for each in record.teams(client) if team in {None, each}]
        used += filter(None, found)
    wants_flagged = not config and (not names or any(name in flag_clients.NAMES for name in names))
    flagged = [each for each in flag_clients.enrolled(user) if team in {None, each.team}] if wants_flagged else []
    if not used and not flagged:
        raise MissingError("no enrollment is in use here", code="not-enrolled-at-all")
    return Enrollments(user, used, flagged)


def plan(used: Sequence[Used], name: str) -> list[Switch]:
    """Find out what there is to do to use a daemon, and write nothing.

    Raises:
        MissingError: An enrollment does not know the daemon.
        RefusedError: A configuration cannot be edited safely, with the line, or may not be written.

    """
    switches = []
    for each in used:
        with files.acting_as(each.config.client.owner):
            switches.append(_switch(each, name))
    return switches


def _used(config: ConfigFile, team: str) -> Used | None:
    folder = record.folder_of(config.client, team)
    present = record.load(folder)
    with config.explained():
        if present is None or record.line_that_uses(config.content, folder) is None:
            return None
    host = earthly.read(config.client, {}, strict=False).buildkit_host
    return Used(config, folder, present, next((name for name, url in present.daemons if url == host), None))


def _switch(used: Used, name: str) -> Switch:
    chosen = next((daemon for daemon in used.daemons if daemon.name == name), None)
    if chosen is None:
        known = tuple(daemon.name for daemon in used.daemons)
        raise MissingError(
            f"the enrollment in {used.record.team} knows no daemon {name!r}", code="daemon-not-enrolled", known=known
        )
    daemons = (chosen, *(daemon for daemon in used.daemons if daemon != chosen))
    with used.config.explained():
        edited = edit.set_globals(used.config.content or b"", {"buildkit_host": chosen.url})
    if edited != used.config.content:
        used.config.check_writable()
    return Switch(used, chosen, used.record._replace(daemons=daemons), edited)
