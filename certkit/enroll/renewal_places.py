"""Where it lies what has to be known to renew, and for which teams: cheap to ask."""

from pathlib import Path

from certkit import files
from certkit.earthly.user import User


def folder(user: User) -> Path:
    """Return the folder, which has a file for each team."""
    return user.data / "renewal"


def teams(user: User) -> list[str]:
    """Return the teams whose server enrolled this user, by name."""
    with files.acting_as(user.owner):
        return sorted(path.stem for path in folder(user).glob("*.json"))
