"""Why a file's mode cannot simply be changed, where it cannot: what kind of place it lies in."""

import os
from enum import StrEnum
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_WITHOUT_MODES = frozenset({"9p", "cifs", "drvfs", "exfat", "fuseblk", "msdos", "ntfs", "ntfs3", "smb3", "vfat"})
"""File systems whose files have the mode that the mount gives them all; WSL's DrvFs is 9p or drvfs."""
_KUBERNETES = "..data"
"""What a Kubernetes volume of a secret calls the link to its newest files."""


class Hindrance(StrEnum):
    """Why `chmod` does not help, as the code of what does."""

    KUBERNETES = "mode-of-kubernetes-secret"
    MOUNT = "mode-of-mount"
    READ_ONLY = "mode-on-read-only-file-system"
    OWNER = "mode-of-another-owner"


def hindrance(path: Path, mounts: str | None = None) -> Hindrance | None:
    """Return why this user cannot change a file's mode, None if nothing is known against it.

    `mounts` is the content of Linux's mountinfo (proc(5)), else what the kernel says now. Raises OSError.
    """
    if _is_in_kubernetes_volume(path):
        return Hindrance.KUBERNETES
    resolved = path.resolve()
    if _file_system(resolved, _read_mounts() if mounts is None else mounts) in _WITHOUT_MODES:
        return Hindrance.MOUNT
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return Hindrance.READ_ONLY
    return Hindrance.OWNER if os.geteuid() not in (0, path.stat().st_uid) else None


def _is_in_kubernetes_volume(path: Path) -> bool:
    """Tell by the links of such a volume: each file leads through `..data`, and that to a folder with the time."""
    return path.is_symlink() and _KUBERNETES in path.readlink().parts and (path.parent / _KUBERNETES).is_symlink()


def _file_system(path: Path, mounts: str) -> str:
    """Return the type of the file system that a path without links lies in; empty where that is not known."""
    found, longest = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:  # noqa: PLR2004  the fifth is where it is mounted
            continue
        place = fields[4].replace("\\040", " ")
        if path.is_relative_to(place) and len(place) >= longest:
            found, longest = after.split()[0], len(place)
    return found


def _read_mounts() -> str:
    try:
        return _MOUNTS.read_text(errors="replace")
    except OSError:
        return ""
