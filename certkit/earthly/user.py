"""Whose machine this is: whoever runs the command; under sudo, the user behind it, as Earthly has it.

The rules are those of Earthly's sources (`util/fileutil`).
"""

import os
import pwd
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from certkit import files
from certkit.files import Owner

Environment = Mapping[str, str]


class User(NamedTuple):
    """A user's home folder. `owner` is the user behind sudo, to whom files are handed; otherwise None."""

    home: Path
    owner: Owner | None = None

    @property
    def data(self) -> Path:
        """The folder for certkit's own files of this user: another than a lead's home, which may be here too."""
        return files.application_directory(self.home, "certkit-laptop")

    @property
    def places(self) -> tuple[Path, Path]:
        """Where such files are: `data`, and where a former certkit kept them."""
        return self.data, files.application_directory(self.home)


_HOMELESS = Path("/etc")
"""Where the clients have the home of a user who has none: a number without a name, as in some containers."""


def user_of(environ: Environment) -> User:
    """Return the user whose clients are meant."""
    behind = _named(environ.get("SUDO_USER", ""))
    if behind is not None and behind.pw_dir and _is_writable(Path(behind.pw_dir)):
        return User(Path(behind.pw_dir), (behind.pw_uid, behind.pw_gid))
    if kept := _kept_home(environ):
        return kept
    try:
        return User(Path(environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir))
    except KeyError:
        return User(_HOMELESS)


def _kept_home(environ: Environment) -> User | None:
    """Return the user of the HOME that sudo has kept, if it is theirs: nothing of root's must get into it."""
    numbers = environ.get("SUDO_UID", ""), environ.get("SUDO_GID", "")
    home = environ.get("HOME", "")
    if os.getuid() != 0 or not home or not all(number.isdecimal() for number in numbers):
        return None
    try:
        owner = Path(home).stat().st_uid
    except OSError:
        return None
    user, group = map(int, numbers)
    return User(Path(home), (user, group)) if user and owner == user else None


def _named(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None


def _is_writable(home: Path) -> bool:
    """Judge as the client does: a folder, writable by its owner, who is this user unless this user is root."""
    try:
        found = home.stat()
    except OSError:
        return False
    writable = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWUSR
    return bool(writable) and os.getuid() in (0, found.st_uid)
