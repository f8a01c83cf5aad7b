"""The whole home as one sealed file, and back."""

import contextlib
import io
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

from certkit import files
from certkit.authority import new_home
from certkit.authority.home import CERTIFICATE, KEY, LEDGER, ROLES, SETTINGS, Home, open_home
from certkit.authority.publication import forget_the_daemons
from certkit.errors import MalformedError, RefusedError
from certkit.ledger import sqlite
from certkit.pki import certificates, keys, sealed

LIMIT = 1 << 30
"""Bytes of the largest home that is backed up."""
_LABEL = b"backup"
_TREES = ("authorities", "daemons", "canary", ".canary.*")
"""Kept whole, links as links; the ledger is read through its database, and nothing else is content."""
_DEEPEST = 3


def backup(home: Home, passphrase: str, now: datetime) -> bytes:
    """Give the home, sealed under a passphrase; commands that run at the same time are in it whole or not at all.

    Raises RefusedError if it is larger than what `restore` reads.
    """
    buffer = io.BytesIO()
    with home.locked(), tarfile.open(fileobj=buffer, mode="w") as archive:
        with home.ledger.transaction():
            home.record("backup", home.team, now)
        _add(archive, LEDGER, sqlite.serialize(home.path / LEDGER))
        _add(archive, SETTINGS, files.read(home.path / SETTINGS))
        for path in _contents(home.path):
            archive.add(path, str(path.relative_to(home.path)), recursive=False)
    if buffer.tell() > LIMIT:
        raise RefusedError(f"the home is larger than {LIMIT >> 20} MB", "Move away what is no team's in its folders.")
    return sealed.seal(buffer.getvalue(), passphrase, _LABEL)


def restore(content: bytes, passphrase: str, path: Path, now: datetime) -> str:
    """Make the home of a backup at `path` and give its team's name.

    Raises RefusedError if something is there, MalformedError for what is no whole backup.
    """
    new_home.check_free(path)
    clear = sealed.open_sealed(content, passphrase, _LABEL)
    with new_home.draft(path) as draft:
        _unpack(clear, draft)
        return _settle(draft, now)


def _contents(home: Path) -> Iterator[Path]:
    """Give folders before what is in them."""
    for tree in _TREES:
        for root in home.glob(tree):
            yield from [root, *sorted([] if root.is_symlink() else root.rglob("*"))]


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _unpack(clear: bytes, draft: Path) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(clear), mode="r:") as archive:
            for member in archive:
                _place(archive, member, draft / _inside(member.name))
    except (tarfile.TarError, ValueError):
        raise _damaged("it cannot be read") from None


def _place(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Put one member in its place, private whatever the archive says of its mode."""
    if member.isdir():
        files.make_private_directory(path)
    elif member.issym():
        files.turn_link(path, str(_inside(member.linkname)))
    elif member.isreg() and not member.issparse():  # whose size would be any that it claims
        found = archive.extractfile(member)
        files.write(path, found.read() if found else b"", replace=False)
    else:
        raise _damaged(f"{member.name} is of a strange kind")


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or len(path.parts) > _DEEPEST:
        raise _damaged(f"{name} leads out of it")
    return path


def _settle(path: Path, now: datetime) -> str:
    """Verify what has been unpacked and make it a home of today's; give the team's name."""
    sqlite.verify(path / LEDGER)
    with contextlib.closing(open_home(path, lambda: b"")) as home:
        for role in ROLES:
            for generation in home.generations(role):
                _verify(home.authority_directory(role, generation))
        for daemon in home.ledger.daemons():
            if home.daemon_directory(daemon.name).exists():
                _verify(home.daemon_directory(daemon.name))
        forget_the_daemons(home)
        with home.ledger.transaction():
            home.record("restore", home.team, now)
        return home.team


def _verify(folder: Path) -> None:
    certificate = certificates.load(files.read(folder / CERTIFICATE))
    with contextlib.suppress(keys.EncryptedKeyError):
        if not keys.matches(keys.load(files.read(folder / KEY)), certificate):
            raise _damaged(f"the key in {folder.name} is not that of its certificate")


def _damaged(problem: str) -> MalformedError:
    return MalformedError(f"this backup cannot be used: {problem}", "Use another one.")
