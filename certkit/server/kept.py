"""The session of a server: what is everybody's is found once for all whose turn it is, and a file read once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cryptography.x509 import Certificate

from certkit.authority.home import KEY
from certkit.authority.session import Session
from certkit.pki.keys import PrivateKey
from certkit.trust.rotation import Role

Found = TypeVar("Found")


@dataclass
class Memory:
    """What was found in this turn, and what was read from files that are still the same."""

    turn: dict[object, Any] = field(default_factory=dict)
    files: dict[object, Any] = field(default_factory=dict)
    """By path, inode and time of change: `files.write` makes another file of it."""


@dataclass(frozen=True)
class Kept(Session):
    """A session that remembers; whoever gives the turns empties `memory.turn` before each."""

    memory: Memory = field(default_factory=Memory, repr=False)

    def recalled(self, what: object, find: Callable[[], Found]) -> Found:
        """See `View`."""
        turn = self.memory.turn
        if what not in turn:
            turn[what] = find()
        found: Found = turn[what]
        return found

    def certificate(self, role: Role, generation: int | None = None) -> Certificate:
        """See `View`."""
        look = super().certificate
        return self.recalled(
            ("certificate", role, generation),
            lambda: self._read(self.certificate_path(role, generation), lambda: look(role, generation)),
        )

    def key(self, role: Role, generation: int | None = None) -> PrivateKey:
        """See `Session`; to decrypt a key takes as long as a hundred signatures."""
        look = super().key
        return self._read(self.authority_directory(role, generation) / KEY, lambda: look(role, generation))

    def _read(self, path: Path, read: Callable[[], Found]) -> Found:
        """Return what `read` gives for a file, read again if it was replaced."""
        try:
            status = path.stat()
        except OSError:
            return read()  # which says what is wrong
        mark = (path, status.st_ino, status.st_mtime_ns)
        if mark not in self.memory.files:
            self.memory.files[mark] = read()
        found: Found = self.memory.files[mark]
        return found
