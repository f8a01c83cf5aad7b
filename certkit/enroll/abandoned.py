"""An enrollment whose files somebody has removed by hand, while the configuration still leads to them."""

import contextlib
import os
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from certkit import files
from certkit.earthly import config as earthly
from certkit.earthly import edit
from certkit.earthly.clients import Client
from certkit.enroll import record
from certkit.enroll.config_file import ConfigFile
from certkit.enroll.record import Record
from certkit.errors import CertkitError


def team_of(client: Client) -> str | None:
    """Give the team whose key a client's configuration names, if that key is no longer where `enroll` put it."""
    with contextlib.suppress(CertkitError), files.acting_as(client.owner):
        key = Path(os.path.normpath(earthly.read(client, {}).tlskey))
        team = key.parent.name
        if key == record.folder_of(client, team) / "key.pem" and not key.exists():
            return team
    return None


def rebuilt(config: ConfigFile, team: str) -> Record:
    """Make the record that has been removed: former values are those of the last copy kept, else none.

    Raises as `edit.set_globals` does.
    """
    daemon = (team, earthly.read(config.client, {}).buildkit_host)
    made = Record(team, "", "", (daemon,), {config.path: None})
    content, backup = config.content or b"", _newest_backup(config, team)
    if backup:
        return replace(made, former={config.path: files.read(backup, limit=earthly.LIMIT)})
    if edit.set_globals(b"", made.values) == content:
        return made
    return replace(made, former={config.path: edit.set_globals(content, dict.fromkeys(edit.KEYS))})


def _newest_backup(config: ConfigFile, team: str) -> Path | None:
    """Give the last copy of a configuration that an enrollment has kept."""
    return next(reversed(list(takewhile(Path.exists, config.backups(team)))), None)
