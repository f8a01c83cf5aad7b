"""The clients that read no configuration, `buildctl` and `docker buildx`: where the files for their flags lie.

Each daemon that they are enrolled for has a folder of its own. Beside the three files lies `url`, the daemon's.
"""

import os
from pathlib import Path
from typing import NamedTuple

from certkit import files
from certkit.earthly.user import User
from certkit.errors import MissingError

NAMES = ("buildctl", "buildx")
URL = "url"
"""The name of the file that holds a daemon's URL."""


class EnrolledDaemon(NamedTuple):
    """A daemon that the flag clients are enrolled for; `folder` has `ca.pem`, `cert.pem` and `key.pem`."""

    team: str
    name: str
    url: str
    folder: Path


def folder(user: User, team: str, daemon: str) -> Path:
    """Return the folder of one daemon's `ca.pem`, `cert.pem`, `key.pem` and `url`: that which is there, else a new one.

    A former certkit had them elsewhere, and commands that people keep name them there.
    """
    new, former = (parent / daemon for parent in team_folders(user, team))
    return former if os.path.islink(former) and not os.path.islink(new) else new  # noqa: PTH114  never raises


def team_folders(user: User, team: str) -> list[Path]:
    """Return the folders that may hold those of a team's daemons."""
    return [parent / team for parent in _parents(user)]


def enrolled(user: User) -> list[EnrolledDaemon]:
    """Return the daemons that there are files for, by team and name."""
    return [
        EnrolledDaemon(team, place.name, url, place)
        for team in teams(user)
        for place in places(user, team)
        if (url := _url(user, place)) is not None
    ]


def teams(user: User) -> list[str]:
    """Return the teams that there are files for, by name."""
    with files.acting_as(user.owner):
        known = {path.name for parent in _parents(user) if parent.is_dir() for path in parent.iterdir()}
        return sorted(name for name in known if places(user, name))


def places(user: User, team: str) -> list[Path]:
    """Return the folders of a team's daemons that there are files for."""
    with files.acting_as(user.owner):  # a killed command leaves a hidden link
        found = [path for parent in team_folders(user, team) if parent.is_dir() for path in parent.glob("[!.]*")]
        return sorted(path for path in found if path.is_symlink())


def _parents(user: User) -> list[Path]:
    return [place / "clients" for place in user.places]


def _url(user: User, place: Path) -> str | None:
    try:
        with files.acting_as(user.owner):
            return files.read(place / URL).decode(errors="replace")
    except MissingError:
        return None
