"""A client's configuration file: read and replaced where it lies, with its links, mode and owner kept."""

import contextlib
import os
import shlex
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

from certkit import files
from certkit.earthly.clients import Client
from certkit.earthly.config import LIMIT
from certkit.errors import MalformedError, MissingError, RefusedError

_ANYBODY_WRITES = 0o222


class ReadOnlyPlaceError(RefusedError):
    """The file lies where nothing can be written, such as the store that a package manager makes it in."""

    code = "client-config-in-read-only-place"


class ConfigFile(NamedTuple):
    """The file as it was read: `path` is its name, `target` where it lies, `content` is None if it is not there."""

    client: Client
    path: Path
    target: Path
    content: bytes | None

    @classmethod
    def load(cls, client: Client) -> "ConfigFile":
        """Read a client's file, through any symbolic links; raise CertkitError if it cannot be read."""
        try:
            target = client.config.resolve()
            is_circle = target.is_symlink()  # from Python 3.13 on; before, it raises
        except (OSError, RuntimeError):
            is_circle = True
        if is_circle:
            raise MalformedError(
                f"{client.config} is a symbolic link that leads nowhere",
                "Fix or remove it.",
                code="client-config-link-broken",
                path=client.config,
            )
        try:
            content = files.read(target, limit=LIMIT)
        except MissingError:
            content = None
        return cls(client, client.config, target, content)

    def check_writable(self) -> None:
        """Raise RefusedError if the file may not be replaced: what is read-only stays so, for root too.

        Raises ReadOnlyPlaceError if nobody can make it writable where it lies.
        """
        folder = self.target.parent
        if self.content is not None and self.path.is_symlink() and _is_in_store(self.target):
            raise ReadOnlyPlaceError(
                f"{self.path} leads to {self.target}, which is read-only",
                "Change what that file is made from.",
                path=self.path,
            )
        if self.content is not None:
            self._check_replaceable()
        elif folder == self.client.directory.resolve() and not folder.exists():
            return
        if not folder.is_dir():
            raise MissingError(
                f"the folder of {self.path} does not exist",
                "Check the path.",
                code="client-config-folder-missing",
                path=self.path,
            )
        if not _is_accessible(folder):
            raise RefusedError(
                f"{folder}, the folder of {self.path}, is read-only",
                "Make it writable first.",
                code="client-config-folder-read-only",
                path=self.path,
            )

    def _check_replaceable(self) -> None:
        found = self.target.stat()
        if not found.st_mode & _ANYBODY_WRITES or not os.access(self.target, os.W_OK, effective_ids=True):
            raise RefusedError(
                f"{self.path} is read-only",
                f"Make it writable: chmod u+w {shlex.quote(str(self.target))}",
                code="client-config-read-only",
                path=self.path,
            )
        if os.geteuid() not in {0, found.st_uid}:
            raise RefusedError(
                f"{self.path} belongs to another user",
                "Enroll as the user who owns it.",
                code="client-config-of-another-user",
                path=self.path,
            )

    def replace(self, content: bytes | None) -> None:
        """Write the file anew, or remove it; raise RefusedError if it is no longer what was read."""
        now = ConfigFile.load(self.client)
        if now.content == content:
            return  # by another client that shares it
        if now != self:
            raise RefusedError(
                f"{self.path} has just been changed",
                "Run the command again.",
                code="client-config-changed",
                path=self.path,
            )
        if content is None:
            self.target.unlink()
        else:
            self.write_beside(self.target, content, replace=True)

    def write_beside(self, path: Path, content: bytes, *, replace: bool = False) -> None:
        """Write a file with the mode and owner of this one."""
        if self.content is None:
            files.write(path, content, owner=self.client.owner, replace=replace)
            return
        found = self.target.stat()
        owner = (found.st_uid, found.st_gid)
        is_ours = owner == (os.geteuid(), os.getegid())
        files.write(path, content, mode=found.st_mode & 0o7777, owner=None if is_ours else owner, replace=replace)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Put the file's name before errors that know only the line."""
        try:
            yield
        except (MalformedError, RefusedError) as error:
            raise error.about(self.path) from None

    def backups(self, team: str) -> Iterator[Path]:
        """Yield the names for copies kept from before enrollments in a team, without end."""
        first = self.path.with_name(f"{self.path.name}.before-{team}")
        yield first
        yield from (first.with_name(f"{first.name}.{number}") for number in count(2))


def _is_accessible(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)


def _is_in_store(target: Path) -> bool:
    """Tell whether a file is nobody's to write, in a folder that cannot be written to, as in Nix's store."""
    folder = target.parent
    is_closed = not _is_accessible(folder) or not folder.stat().st_mode & _ANYBODY_WRITES
    return is_closed and not target.stat().st_mode & _ANYBODY_WRITES
