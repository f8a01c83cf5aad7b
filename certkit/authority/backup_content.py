"""What of a home is in its backup: its folders with their files; links are followed unless they lead to a neighbour."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from certkit.authority.home import CERTIFICATE, KEY
from certkit.authority.settings import Settings
from certkit.errors import RefusedError

DEEPEST = 3
"""Names in the path of the deepest file of a home."""
_TREES = ("authorities", "daemons", "canary", ".canary.*")
"""The ledger is read through its database, the settings for themselves, and nothing else is content."""


@dataclass(frozen=True)
class Member:
    """A file, a folder, or a link with its `target`, by its `name` in the home."""

    name: str
    path: Path
    target: str = ""
    is_folder: bool = False


def members(home: Path) -> Iterator[Member]:
    """Return folders before what is in them; raise RefusedError for a link that leads to nothing."""
    for root in _roots(home):
        for path in _walk(root, len(root.relative_to(home).parts)):
            member = _member(home, path)
            if member:
                yield member


def left_out(home: Path) -> list[Path]:
    """Return what lies in the folders of a home and is not in its backup: no certkit has made it."""
    kept = {member.path for member in members(home)}
    below = [path for root in _roots(home) for path in [root, *_walk(root, 1)]]
    deeper = [each for path in kept if path.is_dir() and not path.is_symlink() for each in path.iterdir()]
    return sorted({path for path in [*below, *deeper] if path not in kept})


def keyless(home: Path) -> list[Path]:
    """Return where the keys of authorities would lie that are kept somewhere else."""
    folders = (path.parent for path in home.glob(f"authorities/*-*/{CERTIFICATE}"))
    return sorted(folder / KEY for folder in folders if not (folder / KEY).exists())


def passphrase_apart(home: Path, settings: Settings) -> Path | None:
    """Return the file with the authorities' passphrase, if they have one and it is in no backup of the home."""
    if not settings.passphrase_file:
        return None
    path = Path(settings.passphrase_file)
    return None if path in {member.path for member in members(home)} else path


def _roots(home: Path) -> list[Path]:
    return [root for tree in _TREES for root in sorted(home.glob(tree))]


def _walk(path: Path, depth: int) -> Iterator[Path]:
    yield path
    if path.is_dir() and not _leads_beside(path) and depth < DEEPEST:
        for each in sorted(path.iterdir()):
            yield from _walk(each, depth + 1)


def _member(home: Path, path: Path) -> Member | None:
    name = str(path.relative_to(home))
    if _leads_beside(path):
        return Member(name, path, target=str(path.readlink()))
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise RefusedError(
            f"{path} leads to {path.resolve()}, which cannot be reached: {error.strerror}",
            "Attach what it lies on, or remove the link if it is kept apart for good.",
            code="home-link-broken",
            path=path,
        ) from None
    if stat.S_ISDIR(mode):
        return Member(name, path, is_folder=True) if len(Path(name).parts) < DEEPEST else None
    return Member(name, path) if stat.S_ISREG(mode) else None


def _leads_beside(path: Path) -> bool:
    """Tell whether a link leads to its own folder's neighbour, as those do that certkit makes."""
    return path.is_symlink() and path.exists() and path.readlink().name == str(path.readlink())
