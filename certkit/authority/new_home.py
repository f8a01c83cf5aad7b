"""Make a home beside its place, and move it there when it is complete: whole or not at all."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from certkit import files
from certkit.authority.home import check_settings
from certkit.errors import CertkitError, RefusedError


def check_free(path: Path) -> None:
    """Raise RefusedError if a home cannot be made at `path` without touching what is there.

    Raises MissingError where it is the home of a team that has lost its settings.
    """
    check_settings(path)
    if _is_of_laptop(path):
        raise RefusedError(f"{path} holds an enrollment of this user's laptop", code="home-of-laptop", path=path)
    if path.is_symlink() or (path.exists() and not _is_empty_directory(path)):
        raise RefusedError(f"{path} is there already and is not touched", code="home-exists", path=path)


@contextlib.contextmanager
def draft(path: Path) -> Iterator[Path]:
    """Yield an empty private folder, which becomes `path` at the end of the block, or is removed on an exception.

    Raises RefusedError if something is at `path`, CertkitError if nothing can be made there.
    """
    check_free(path)
    if not path.parent.exists():
        files.make_private_directory(path.parent)
    folder = files.draft_of(path)
    try:
        folder.mkdir(mode=0o700)
        files.check_private(folder)
        files.ignore(folder)
        yield folder
        for name in files.OF_LAPTOP:
            if (path / name).exists():
                (path / name).rmdir()
        folder.replace(path)
    except OSError as error:
        raise CertkitError(f"{path} cannot be made: {error.strerror}", code="home-unmakeable", path=path) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        files.sweep(path)


def _is_empty_directory(path: Path) -> bool:
    return path.is_dir() and not _content(path)


def _is_of_laptop(path: Path) -> bool:
    return path.is_dir() and bool(_content(path)) and {each.name for each in path.iterdir()} <= {*files.OF_LAPTOP}


def _content(path: Path) -> list[Path]:
    """Return what is in a folder, but for empty folders that a former certkit left behind when it unenrolled."""
    return [each for each in path.iterdir() if each.name not in files.OF_LAPTOP or any(each.iterdir())]
