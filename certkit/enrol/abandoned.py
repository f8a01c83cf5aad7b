"""An enrolment whose files somebody has removed by hand, while the configuration still leads to them."""

import contextlib
import os
from itertools import takewhile
from pathlib import Path

from certkit import files
from certkit.earthly import config as earthly
from certkit.earthly import edit
from certkit.earthly.clients import Client
from certkit.enrol import record
from certkit.enrol.config_file import ConfigFile
from certkit.enrol.record import Record
from certkit.errors import CertkitError


def team_of(client: Client) -> str | None:
    """Give the team whose key a client's configuration names, if that key is no longer where `enroll` put it."""
    with contextlib.suppress(CertkitError), files.acting_as(client.owner):
        key = Path(os.path.normpath(earthly.read(client, {}).tlskey))
        team = key.parent.name
        if key == record.folder_of(client, team) / "key.pem" and not key.exists():
            return team
    return None


def newest_backup(config: ConfigFile, team: str) -> Path | None:
    """Give the last copy of a configuration that an enrolment has kept."""
    return next(reversed(list(takewhile(Path.exists, config.backups(team)))), None)


def rebuilt(config: ConfigFile, team: str) -> Record:
    """Make the record that has been removed: former values are those of the last copy kept, else none."""
    content, backup = config.content or b"", newest_backup(config, team)
    former = files.read(backup, limit=earthly.LIMIT) if backup else edit.set_globals(content, dict.fromkeys(edit.KEYS))
    url = earthly.read(config.client, {}).buildkit_host
    return Record(team, "", "", ((team, url),), {config.path: former or None})
