"""Enrollments lie one upon the other: what each has kept of the configuration may be the work of that below it.

When one is taken out from among others, what those above it have kept must not lead back to it.
"""

from dataclasses import replace
from pathlib import Path

from certkit.enroll import record
from certkit.enroll.config_file import ConfigFile
from certkit.enroll.record import Record


def without(leaving: Record, config: ConfigFile) -> dict[Path, bytes]:
    """Give the new content of the records of other teams that would put an enrollment back into `config`."""
    changed = {}
    folder = record.folder_of(config.client, leaving.team)
    for team in record.teams(config.client):
        place = record.folder_of(config.client, team)
        above = record.load(place)
        kept = above.former.get(config.path) if above and team != leaving.team else None
        if above and kept and config.path in leaving.former and record.line_that_uses(kept, folder) is not None:
            former = {**above.former, config.path: leaving.undo(kept, config.path)}
            changed[place / record.NAME] = replace(above, former=former).to_json()
    return changed
