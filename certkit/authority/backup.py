"""The whole home as one sealed file, and back."""

import contextlib
import io
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

from certkit import files
from certkit.authority.home import CERTIFICATE, KEY, LEDGER, ROLES, SETTINGS, Home, open_home
from certkit.errors import Malformed, Refused
from certkit.ledger import sqlite
from certkit.pki import certificates, keys, sealed

LIMIT = 1 << 30
_LABEL = b"backup"
_TREES = ("authorities", "daemons", "canary")
_LINKED = ".canary."
"""Folders of the home are kept whole; the ledger is read through its database, and a lock is no content."""


def backup(home: Home, passphrase: str, now: datetime) -> bytes:
    """Give the home, sealed under a passphrase; commands that run at the same time are in it whole or not at all."""
    buffer = io.BytesIO()
    with home.locked(), tarfile.open(fileobj=buffer, mode="w") as archive:
        with home.ledger.transaction():
            home.record("backup", home.team, now)
        _add(archive, LEDGER, sqlite.serialize(home.path / LEDGER))
        _add(archive, SETTINGS, files.read(home.path / SETTINGS))
        for path in _contents(home.path):
            archive.add(path, str(path.relative_to(home.path)), recursive=False)
    return sealed.seal(buffer.getvalue(), passphrase, _LABEL)


def restore(content: bytes, passphrase: str, path: Path) -> str:
    """Make the home of a backup at `path` and give its team's name.

    Raises Refused if something is there, Malformed for what is no whole backup.
    """
    if path.is_symlink() or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
        raise Refused(f"{path} is there already and is not touched", "Restore to another folder with --home.")
    clear = sealed.open_sealed(content, passphrase, _LABEL)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        files.make_private_directory(draft)
        _unpack(clear, draft)
        team = _verify(draft)
        draft.replace(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return team


def _contents(home: Path) -> Iterator[Path]:
    """Give folders before what is in them; links are kept as links."""
    for path in sorted(home.rglob("*")):
        if path.parent != home or path.name in _TREES or path.name.startswith(_LINKED):
            yield path


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _unpack(clear: bytes, draft: Path) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(clear), mode="r:") as archive:
            for member in archive:
                _place(archive, member, draft / _inside(member.name))
    except tarfile.TarError:
        raise _damaged("it cannot be read") from None


def _place(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Put one member in its place, private whatever the archive says of its mode."""
    if member.isdir():
        files.make_private_directory(path)
    elif member.issym():
        files.turn_link(path, str(_inside(member.linkname)))
    elif member.isfile():
        found = archive.extractfile(member)
        files.write(path, found.read() if found else b"", replace=False)
    else:
        raise _damaged(f"{member.name} is of a strange kind")


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise _damaged(f"{name} leads out of it")
    return path


def _verify(path: Path) -> str:
    """Open a home and hold all its files against each other; give the team's name."""
    with contextlib.closing(open_home(path, lambda: b"")) as home:
        sqlite.verify(path / LEDGER)
        pairs = [home.authority_directory(role, generation) for role in ROLES for generation in home.generations(role)]
        pairs += [home.daemon_directory(daemon.name) for daemon in home.ledger.daemons()]
        for folder in pairs:
            certificate = certificates.load(files.read(folder / CERTIFICATE))
            with contextlib.suppress(keys.Encrypted):
                if not keys.matches(keys.load(files.read(folder / KEY)), certificate):
                    raise _damaged(f"the key in {folder.relative_to(path)} is not that of its certificate")
        return home.team


def _damaged(problem: str) -> Malformed:
    return Malformed(f"this backup cannot be used: {problem}", "Use another one.")
