"""Atomic, private reads and writes, and the folders of this platform.

A file is written under a random name beside its place, mode 0600 from the first byte, flushed to the disk
and only then renamed: nobody ever reads half of it, and a planted symbolic link is replaced, never followed.
"""

import codecs
import contextlib
import errno
import fcntl
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from certkit import file_errors
from certkit.errors import MalformedError, MissingError, RefusedError

Owner = tuple[int, int]
"""A user's and a group's number."""

STDIN = Path("/dev/stdin")
READ_LIMIT = 8 * 1024 * 1024
PRIVATE = 0o600
IGNORED, EVERYTHING = ".gitignore", b"*\n"
"""The file that keeps a folder with keys out of repositories, as virtual environments have it, and its content."""
OF_LAPTOP = ("clients", "requests")
"""What a former certkit kept of a laptop where the home of a team lies by default."""
_STANDARD_INPUT = {"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"}
PASSPHRASE_LIMIT = 4096
"""Bytes of a passphrase and whatever follows it."""
_WITHOUT_LINKS = {errno.EPERM, errno.EMLINK, *file_errors.UNSUPPORTED}
"""What file systems without hard links, or without symbolic ones, say: FAT, exFAT, SMB, FUSE."""
_WITHOUT_SYNC = {errno.EACCES, errno.EPERM, errno.EBADF, errno.EISDIR, *file_errors.UNSUPPORTED}
"""What network shares say that flush no folders, and folders that may be written and not read."""
_FEW = 16
"""Files that are flushed one by one; for more it is faster to flush all that the system holds."""
_LEFT_BEHIND = 3600
"""Seconds after which a draft's command is surely dead."""


def read(path: Path, *, limit: int = READ_LIMIT, pipes: bool = False) -> bytes:
    """Return the whole content of a file of at most `limit` bytes; of a pipe or a terminal too if `pipes`.

    Raises MissingError if it is not there, CertkitError if it cannot be read, MalformedError if it is too large.
    """
    try:
        with os.fdopen(_opened(path, pipes=pipes), "rb") as file:
            if not pipes and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise MalformedError(f"{path} is not a regular file", "Name a file.", code="file-odd", path=path)
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise MissingError(f"{path} does not exist", "Check the path.", code="file-missing", path=path) from None
    except IsADirectoryError:
        raise MalformedError(
            f"{path} is a folder, not a file", "Name a file in it.", code="file-odd", path=path
        ) from None
    except OSError as error:
        raise file_errors.unreadable(path, error) from None
    if len(content) > limit:
        raise MalformedError(
            f"{path} is larger than {limit} bytes", "Check that it is the right file.", code="file-too-large", path=path
        )
    return content


def is_standard_input(path: Path) -> bool:
    """Tell whether a path means what this process was given as standard input."""
    return str(path) in _STANDARD_INPUT


def _opened(path: Path, *, pipes: bool) -> int:
    if pipes and is_standard_input(path):
        return os.dup(0)  # to open it anew fails for sockets, and for a pipe that another user has made
    # Not blocking: a pipe that nobody writes to would hold the command up for ever.
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if pipes else os.O_NONBLOCK))


def read_passphrase(path: Path) -> bytes:
    """Return the passphrase in a file or a pipe: its first line. Raise MalformedError if that is empty."""
    return passphrase_in(read(path, limit=PASSPHRASE_LIMIT, pipes=True), str(path))


def passphrase_in(content: bytes, what: str) -> bytes:
    """Return the first line of what has this content, in UTF-8. Raise MalformedError if it is empty."""
    line = as_utf8(content).split(b"\n", 1)[0].removesuffix(b"\r")
    if not line:
        raise MalformedError(f"{what} has no passphrase in its first line", "Put it there.", code="passphrase-empty")
    return line


def as_utf8(content: bytes) -> bytes:
    """Return a text without the byte order mark that editors and PowerShell put before it."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode("utf-16").encode()
    return content.removeprefix(codecs.BOM_UTF8)


def write(path: Path, content: bytes, *, mode: int = PRIVATE, owner: Owner | None = None, replace: bool = True) -> None:
    """Write a file atomically; with `replace` false, raise RefusedError if something is there already."""
    with _explained(path):
        temporary = draft_of(path)
        try:
            _create(temporary, content, mode, owner)
            if replace:
                temporary.replace(path)
            else:
                _claim(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        try:
            _sync_directory(path.parent)
        except OSError:
            if not replace:  # nobody is told of a file that may not last
                path.unlink(missing_ok=True)
            raise


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write many new files in one folder, and make them last together; raise RefusedError for one that is there.

    All are written under other names, then flushed, and only then called what they are: none is ever half there.
    """
    if not contents:
        return
    drafts = [(draft_of(path), path, content) for path, content in contents.items()]
    folder, one_by_one = drafts[0][1].parent, len(contents) <= _FEW
    try:
        for draft, path, content in drafts:
            with _explained(path):
                _create(draft, content, PRIVATE, None, flush=one_by_one)
        if not one_by_one:
            os.sync()
        for draft, path, _ in drafts:
            with _explained(path):
                _claim(draft, path)
    finally:
        for draft, _, _ in drafts:
            draft.unlink(missing_ok=True)
        with _explained(folder):
            _sync_directory(folder)


def write_scratch(path: Path, content: bytes) -> None:
    """Write a new private file that is soon removed again, and so need not outlast a crash."""
    with _explained(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def write_directory(path: Path, contents: Mapping[str, bytes], *, owner: Owner | None = None) -> None:
    """Replace all files of a private folder at once: a reader finds the former set or the new one, never a mix.

    `path` becomes a symbolic link to a folder that is written whole before the link is turned to it.
    """
    with _explained(path):
        generation = draft_of(path)
        former = path.resolve() if path.is_symlink() else None
        if former is None and path.exists():
            raise RefusedError(
                f"{path} is there already, and was not made by certkit",
                "Move it away first.",
                code="file-in-the-way",
                path=path,
            )
        try:
            make_private_directory(generation, owner=owner)
            for name, content in {IGNORED: EVERYTHING, **contents}.items():
                _create(generation / name, content, PRIVATE, owner)
            _sync_directory(generation)
            _turn(path, generation.name, owner)
        except BaseException:
            shutil.rmtree(generation, ignore_errors=True)
            raise
        _sync_directory(path.parent)
        if former is not None and _is_generation(former, path):
            shutil.rmtree(former, ignore_errors=True)
        sweep(path)


def sweep(path: Path) -> None:
    """Remove what killed commands left beside `path` at least an hour ago: drafts of it, which may hold keys."""
    with contextlib.suppress(OSError):
        current = path.resolve()
        for leftover in path.parent.iterdir():
            if not _is_generation(leftover, path) or leftover.resolve() == current:
                continue
            if time.time() - leftover.lstat().st_mtime > _LEFT_BEHIND:
                _discard(leftover)


def draft_of(path: Path) -> Path:
    """Return a new name beside `path`, for what is to take its place; `sweep` knows it."""
    return path.with_name(f".{path.name}.{os.urandom(8).hex()}")


def turn_link(path: Path, target: str) -> None:
    """Make `path` a symbolic link to `target` beside it, or turn the one that is there, atomically."""
    if path.is_symlink() and str(path.readlink()) == target:
        return
    with _explained(path):
        _turn(path, target)
        _sync_directory(path.parent)


def generations(path: Path) -> list[Path]:
    """Return the folders that `write_directory` made for a link, the newest first."""
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    found = [each for each in beside if _is_generation(each, path) and each.is_dir() and not each.is_symlink()]
    return sorted(found, key=lambda each: each.stat().st_mtime_ns, reverse=True)


def mend_link(path: Path, folder: Path) -> None:
    """Put the link to a folder back that a copy has lost, or has turned into the folder itself, `path`."""
    with _explained(path):
        if folder == path:
            folder = draft_of(path)
            path.rename(folder)
        for link in path.parent.iterdir():
            if link.is_symlink() and _is_generation(link, path):  # of a killed command, which was about to turn it
                link.unlink()
        _turn(path, folder.name)
        _sync_directory(path.parent)


def remove_directory(path: Path) -> None:
    """Remove what `write_directory` made, and all drafts of it, as far as it is there."""
    if path.is_symlink():
        path.unlink()
    for generation in list(path.parent.iterdir()) if path.parent.is_dir() else ():
        if _is_generation(generation, path):
            _discard(generation)


def remains_of(path: Path) -> bool:
    """Tell whether anything that `write_directory` made is there: what `remove_directory` would remove."""
    siblings = path.parent.iterdir() if path.parent.is_dir() else ()
    return path.is_symlink() or any(_is_generation(each, path) for each in siblings)


def make_private_directory(path: Path, *, owner: Owner | None = None) -> None:
    """Make a folder, with its parents, that only its owner can enter; tighten one that is there.

    Raises RefusedError if the place is somebody else's or not a folder.
    """
    with _explained(path):
        if not path.parent.exists():
            make_private_directory(path.parent, owner=owner)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            if not path.is_dir():
                raise RefusedError(
                    f"{path} is not a folder", "Move it away first.", code="file-in-the-way", path=path
                ) from None
            allowed = {os.geteuid(), owner[0]} if owner else {os.geteuid()}
            if not {path.lstat().st_uid, path.stat().st_uid} <= allowed:  # a link counts as well as what it leads to
                raise RefusedError(
                    f"{path} belongs to another user",
                    "Choose a folder of your own.",
                    code="folder-of-another",
                    path=path,
                ) from None
            with contextlib.suppress(PermissionError):  # FAT has no modes to change: judged below
                path.chmod(0o700)
        if owner:
            os.lchown(path, *owner)
        check_private(path)


def make_key_directory(path: Path) -> None:
    """Make a private directory for keys, unless it is there, that no repository takes up."""
    make_private_directory(path)
    ignore(path)


def ignore(folder: Path) -> None:
    """Keep a folder with keys out of any repository."""
    if not (folder / IGNORED).exists():
        write(folder / IGNORED, EVERYTHING)


def check_private(folder: Path) -> None:
    """Raise CertkitError if others have rights to a folder that was just made for its owner alone."""
    if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise file_errors.incapable(folder, "keeps nothing private", "no-private-files")


@contextlib.contextmanager
def acting_as(owner: Owner | None) -> Iterator[None]:
    """Be that user while their folders are read and written, if this is root; None changes nothing.

    Links and races that somebody has planted in their own folders then lead only where they could go themselves.
    """
    if owner is None or os.geteuid() != 0:
        yield
        return
    user, group = owner
    # macOS names more groups than it takes: 16.
    former_group, former_groups = os.getegid(), os.getgroups()[: os.sysconf("SC_NGROUPS_MAX")]
    os.setgroups([group])
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(former_group)
        os.setgroups(former_groups)


def application_directory(home: Path | None = None, name: str = "certkit") -> Path:
    """Return the folder of this `name` where this platform keeps a user's application data.

    `home` is the user's home folder, else that of whoever runs this. Raises MissingError for a user without one, as
    in some containers.
    """
    data_home = os.environ.get("XDG_DATA_HOME", "")
    try:
        if sys.platform == "darwin":
            return (home or Path.home()) / "Library" / "Application Support" / name
        base = Path(data_home) if data_home.startswith("/") else (home or Path.home()) / ".local" / "share"
    except RuntimeError:
        raise MissingError("this user has no home folder", "Set HOME.", code="no-home-folder") from None
    return base / name


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that `path` stands for; another process that wants it waits."""
    with _explained(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # two commands would change one file at once
            raise file_errors.incapable(path, "has no locks", "no-locks") from None
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Tell whether somebody holds the lock that `path` stands for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # without locks nobody holds one
        return False
    finally:
        os.close(descriptor)
    return False


def _create(path: Path, content: bytes, mode: int, owner: Owner | None, *, flush: bool = True) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
    try:
        if owner:
            os.fchown(descriptor, *owner)
        if mode != PRIVATE:
            with contextlib.suppress(PermissionError):  # FAT has one mode for all files; a narrower one does no harm
                os.fchmod(descriptor, mode)
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        if not flush:
            return
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in file_errors.UNSUPPORTED:
                raise
    finally:
        os.close(descriptor)


def _turn(path: Path, target: str, owner: Owner | None = None) -> None:
    link = path.with_name(f"{draft_of(path).name}.link")
    try:
        try:
            link.symlink_to(target)
        except OSError as error:
            if error.errno not in _WITHOUT_LINKS:
                raise
            raise file_errors.incapable(path, "has no symbolic links", "no-symbolic-links") from None
        if owner:
            os.lchown(link, *owner)
        link.replace(path)
    finally:
        link.unlink(missing_ok=True)


def _claim(temporary: Path, path: Path) -> None:
    """Rename `temporary` to `path` unless that is taken; unlike a rename, a hard link never replaces."""
    try:
        try:
            path.hardlink_to(temporary)
        except OSError as error:  # a file system without hard links, as on a USB stick: take the name, then rename
            if error.errno not in _WITHOUT_LINKS:
                raise
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, PRIVATE))
            temporary.replace(path)
    except FileExistsError:
        raise RefusedError(
            f"{path} exists already and is not overwritten", "Name another file.", code="file-exists", path=path
        ) from None


def _discard(draft: Path) -> None:
    """Remove a draft: a folder, or the link that was to be turned to it."""
    if draft.is_symlink():
        draft.unlink(missing_ok=True)
    else:
        shutil.rmtree(draft, ignore_errors=True)


def _is_generation(folder: Path, path: Path) -> bool:
    name = re.fullmatch(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}(\.link)?", folder.name)
    return name is not None and folder.parent.resolve() == path.parent.resolve()


def _sync_directory(path: Path) -> None:
    """Flush a folder, so that a name in it lasts, where its file system can do that."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _WITHOUT_SYNC:
            raise


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise file_errors.unwritable(path, error) from None
