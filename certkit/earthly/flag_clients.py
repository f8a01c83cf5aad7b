"""The clients that read no configuration, `buildctl` and `docker buildx`: where the files for their flags lie.

Each daemon that they are enrolled for has a folder of its own. Beside the three files lies `url`, the daemon's.
"""

from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.earthly.user import User
from certkit.errors import MissingError

NAMES = ("buildctl", "buildx")
URL = "url"
"""The name of the file that holds a daemon's URL."""


@dataclass(frozen=True)
class EnrolledDaemon:
    """A daemon that the flag clients are enrolled for; `folder` has `ca.pem`, `cert.pem` and `key.pem`."""

    team: str
    name: str
    url: str
    folder: Path


def folder(user: User, team: str, daemon: str) -> Path:
    """Return the folder of one daemon's `ca.pem`, `cert.pem`, `key.pem` and `url`."""
    return team_folder(user, team) / daemon


def team_folder(user: User, team: str) -> Path:
    """Return the folder that holds those of a team's daemons."""
    return _all_teams(user) / team


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
        parent = _all_teams(user)
        return sorted(path.name for path in parent.iterdir() if places(user, path.name)) if parent.is_dir() else []


def places(user: User, team: str) -> list[Path]:
    """Return the folders of a team's daemons that there are files for."""
    parent = team_folder(user, team)
    with files.acting_as(user.owner):  # a killed command leaves a hidden link
        return sorted(path for path in parent.glob("[!.]*") if path.is_symlink()) if parent.is_dir() else []


def _all_teams(user: User) -> Path:
    return user.data / "clients"


def _url(user: User, place: Path) -> str | None:
    try:
        with files.acting_as(user.owner):
            return files.read(place / URL).decode(errors="replace")
    except MissingError:
        return None
