"""What the system says against a read or a write, as an error that names the path, the cause and what to do."""

import errno
import os
import shlex
from pathlib import Path

from certkit.errors import CertkitError

UNSUPPORTED = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTTY}
"""How file systems say that they do not know an operation."""

_MOUNTS = Path("/proc/self/mountinfo")
_ADVICE = {
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG): "Free some space on its file system: df -h {folder}",
    (errno.EROFS,): "{folder} is mounted read-only: choose another place.",
    (errno.EACCES, errno.EPERM): "See who may {verb} there: ls -ld {path} {folder}",
    (errno.ENOENT,): "Make its folder first: mkdir -p {folder}",
    (errno.ENOTDIR, errno.ELOOP): "Check the path: something in it is no folder, or a link that leads in a circle.",
    (errno.ENAMETOOLONG,): "Choose a shorter name.",
    (errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ETIMEDOUT): "The disk or the network share fails: "
    "choose another place until it is well again.",
    tuple(UNSUPPORTED): "Choose another place: {kind} cannot do that.",
}
_OTHERWISE = "Try again; if it stays so, choose another place."


def unreadable(path: Path, error: OSError) -> CertkitError:
    """Return the error for a file that cannot be read."""
    return CertkitError(
        f"{path} cannot be read: {error.strerror}", _advice(path, error, "read"), code="file-unreadable", path=path
    )


def unwritable(path: Path, error: OSError) -> CertkitError:
    """Return the error for a file that cannot be written."""
    return CertkitError(
        f"{path} cannot be written: {error.strerror}", _advice(path, error, "write"), code="file-unwritable", path=path
    )


def incapable(path: Path, lacks: str, code: str) -> CertkitError:
    """Return the error for a place whose file system `lacks` something that certkit needs there."""
    return CertkitError(
        f"{path} cannot be made: {_file_system(path)} {lacks}",
        "Choose a folder on another file system; in WSL one of Linux's own, not below /mnt.",
        code=code,
        path=path,
    )


def advice(path: Path, error: OSError) -> str:
    """Return what to do about something that went wrong with a path, one line."""
    return _advice(path, error, "write")


def _advice(path: Path, error: OSError, verb: str) -> str:
    found = next((text for numbers, text in _ADVICE.items() if error.errno in numbers), _OTHERWISE)
    place, folder = shlex.quote(str(path)), shlex.quote(str(path.parent))
    return found.format(path=place, folder=folder, verb=verb, kind=_file_system(path))


def _file_system(path: Path) -> str:
    """Name the kind of file system that a path lies on, where that can be known."""
    kind = _kind(path)
    return f"its file system ({kind})" if kind else "its file system"


def _kind(path: Path) -> str:
    try:
        place = os.path.realpath(path)
        lines = [line.split(" - ") for line in _MOUNTS.read_text(errors="replace").splitlines()]
        mounts = [(fields.split()[4], kind.split()[0]) for fields, kind in lines]
        above = [(mount, kind) for mount, kind in mounts if Path(place).is_relative_to(mount)]
        return max(enumerate(above), key=lambda each: (len(each[1][0]), each[0]))[1][1]
    except (OSError, ValueError, IndexError):  # another system than Linux
        return ""
