"""The whole home as one sealed file, and back."""

import contextlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from certkit import files
from certkit.authority import backup_content, new_home, settings, sizes
from certkit.authority.forgetting import forget
from certkit.authority.home import CERTIFICATE, KEY, LEDGER, ROLES, SETTINGS, open_home
from certkit.authority.session import Session, unsettled
from certkit.authority.view import View, reading
from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.ledger.interface import Actor
from certkit.pki import certificates, keys, sealed

_LABEL = b"backup"
_TRIAL = "trial"


def backup(session: Session, passphrase: str) -> bytes:
    """Return the home, sealed under a passphrase; commands that run at the same time are in it whole or not at all.

    It is restored on trial first. Raises RefusedError for a home that `restore` would refuse.
    """
    with session.locked():
        _try(session, archive(session))
        with session.transaction():
            session.record("backup", session.team)
        return sealed.seal(archive(session), passphrase, _LABEL)


def archive(session: Session) -> bytes:
    """Return the home as a tar archive; hold the home's lock."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        _add(made, LEDGER, _exported(session))
        _add(made, SETTINGS, files.read(session.path / SETTINGS))
        for member in backup_content.members(session.path):
            if member.target or member.is_folder:
                made.addfile(_info(member))
            else:
                _add(made, member.name, files.read(member.path, limit=sizes.BACKUP))
    if buffer.tell() > sizes.BACKUP:
        raise RefusedError(
            f"the home is larger than {sizes.BACKUP >> 20} MB",
            "Move away what is no team's in its folders.",
            code="home-too-large",
        )
    return buffer.getvalue()


def _exported(session: Session) -> bytes:
    """Return the ledger; raise RefusedError if it alone is too large for a backup."""
    if session.ledger.size() > sizes.BACKUP:
        raise RefusedError(
            f"the ledger is larger than {sizes.BACKUP >> 20} MB",
            code="database-too-large" if session.home.shares_ledger else "ledger-too-large",
            home=session.path,
        )
    return session.ledger.export()


def restore(
    content: bytes, passphrase: str, path: Path, actor: Actor, now: datetime, *, confirm: Callable[[str], bool]
) -> str:
    """Make the home of a backup at `path` and return its team's name.

    What is in it comes from whoever made it: a command that it would run for the passphrase stays in its settings only
    if `confirm`, which is given the command, says so, and the ledger is the one that is in it, wherever it was before.

    Raises RefusedError if something is there, MalformedError for what is no whole backup.
    """
    new_home.check_free(path)
    clear = sealed.open_sealed(content, passphrase, _LABEL)
    with new_home.draft(path) as draft:
        return _lay_out(clear, draft, actor, now, confirm)


def _try(session: Session, clear: bytes) -> None:
    """Restore an archive beside the original's files, as private as these, and remove it again."""
    files.sweep(session.path / _TRIAL)
    trial = files.draft_of(session.path / _TRIAL)
    try:
        files.make_private_directory(trial)
        _lay_out(clear, trial, session.actor, session.now, lambda _: True, files.write_scratch)
    except CertkitError as error:
        raise RefusedError(
            f"nobody could restore a backup of this home: {error.message.replace(str(trial), str(session.path))}",
            "Put that right, or restore the last backup that is whole.",
            code="home-not-restorable",
        ) from None
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _info(member: backup_content.Member) -> tarfile.TarInfo:
    info = tarfile.TarInfo(member.name)
    info.type, info.linkname = (tarfile.SYMTYPE, member.target) if member.target else (tarfile.DIRTYPE, "")
    return info


@dataclass(frozen=True)
class Content:
    """What is in a backup."""

    team: str
    at: datetime | None
    """When it was made; None in one that does not say so."""
    people: int
    devices: int
    daemons: int


def content_of(view: View) -> Content:
    """Return what a backup that has just been made of a home holds."""
    ledger = view.ledger
    made = ledger.events(subject=view.team, action="backup", limit=1)
    counts = (len(each) for each in (ledger.people(), ledger.devices(), ledger.daemons()))
    return Content(view.team, made[0].at if made else None, *counts)


def verify(content: bytes, passphrase: str, actor: Actor, now: datetime) -> Content:
    """Return what is in a backup that could be restored; raise as `restore` does for one that could not.

    It is unpacked where nobody else can read it, in memory if there is room, and nothing of it stays.
    """
    clear = sealed.open_sealed(content, passphrase, _LABEL)
    with tempfile.TemporaryDirectory(prefix="certkit-", dir=_memory(len(clear))) as folder:
        draft = Path(folder) / "home"
        files.make_private_directory(draft)
        _lay_out(clear, draft, actor, now, lambda _: False)
        with reading(open_home(draft, lambda: b""), now) as view:
            return content_of(view)


def _memory(size: int) -> Path | None:
    """Return a folder that is in memory and has room for this many bytes three times over; None if there is none."""
    place = Path("/dev/shm")  # noqa: S108  a private folder is made in it
    is_there = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return place if is_there and shutil.disk_usage(place).free > 3 * size else None


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _write_new(path: Path, content: bytes) -> None:
    files.write(path, content, replace=False)


def _lay_out(
    clear: bytes,
    draft: Path,
    actor: Actor,
    now: datetime,
    confirm: Callable[[str], bool],
    write: Callable[[Path, bytes], None] = _write_new,
) -> str:
    """Make a home of an archive in an empty folder, as `restore` says, and return its team's name."""
    _unpack(clear, draft, write)
    _disarm(draft / SETTINGS, confirm)
    return _settle(draft, actor, now)


def _unpack(clear: bytes, draft: Path, write: Callable[[Path, bytes], None]) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(clear), mode="r:") as archive:
            for member in archive:
                _place(archive, member, draft / _inside(member.name), write)
    except (tarfile.TarError, ValueError):
        raise _damaged("it cannot be read") from None


def _place(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, write: Callable[[Path, bytes], None]) -> None:
    """Put one member in its place, private whatever the archive says of its mode."""
    if member.isdir():
        files.make_private_directory(path)
    elif member.issym():
        files.turn_link(path, str(_inside(member.linkname)))
    elif member.isreg() and not member.issparse():  # whose size would be any that it claims
        found = archive.extractfile(member)
        write(path, found.read() if found else b"")
    else:
        raise _damaged(f"{member.name} is of a strange kind")


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or len(path.parts) > backup_content.DEEPEST:
        raise _damaged(f"{name} leads out of it")
    return path


def _disarm(path: Path, confirm: Callable[[str], bool]) -> None:
    """Take out of team.yml what would run a command that nobody confirmed, or use another ledger."""
    found = settings.load(path)
    wanted = found._replace(ledger="")
    if found.passphrase_command and not confirm(found.passphrase_command):
        wanted = wanted._replace(passphrase_command="")
    if wanted != found:
        files.write(path, settings.dump(wanted))


def _settle(path: Path, actor: Actor, now: datetime) -> str:
    """Verify what has been unpacked and make it a home of today's; return the team's name."""
    with unsettled(open_home(path, lambda: b""), actor, now) as session:
        session.ledger.verify()
        for role in ROLES:
            for generation in session.generations(role):
                _verify(session.authority_directory(role, generation), may_lack_key=True)
        for daemon in session.ledger.daemons():
            if session.daemon_directory(daemon.name).exists():
                _verify(session.daemon_directory(daemon.name))
        with session.transaction():
            forget(session, session.newest_number())
            session.record("restore", session.team)
        return session.team


def _verify(folder: Path, *, may_lack_key: bool = False) -> None:
    """Raise CertkitError unless a certificate has its key beside it; an authority's may be kept elsewhere."""
    certificate = certificates.load(files.read(folder / CERTIFICATE))
    if may_lack_key and not (folder / KEY).exists():
        return
    with contextlib.suppress(keys.EncryptedKeyError):
        if not keys.matches(keys.load(files.read(folder / KEY)), certificate):
            raise _damaged(f"the key in {folder.name} is not that of its certificate")


def _damaged(problem: str) -> MalformedError:
    return MalformedError(f"this backup cannot be used: {problem}", "Use another one.", code="backup-unusable")
