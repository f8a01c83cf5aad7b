"""The symbolic links of a home, which a copy by other means may have lost or turned into folders."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from certkit import files
from certkit.authority.canaries import FOLDER as CANARY
from certkit.authority.home import CERTIFICATE, KEY, ROLES
from certkit.authority.session import Session
from certkit.authority.view import DamagedHomeError, View
from certkit.errors import CertkitError
from certkit.pki import certificates, keys


def lost(view: View) -> bool:
    """Tell whether a link is missing, or is a folder."""
    return any(_folder_without_link(path) for path in _written(view)) or any(_copied_authorities(view))


def mend(session: Session) -> None:
    """Make the links again; hold the home's lock.

    Raises DamagedHomeError for a folder that stands where a link was and holds something else.
    """
    for path in _written(session):
        if folder := _folder_without_link(path):
            files.mend_link(path, folder)
    for copy, original in _copied_authorities(session):
        if original.exists():
            _check_same(copy, original)
            shutil.rmtree(copy)
        else:
            copy.rename(original)
        files.turn_link(copy, original.name)


def _written(view: View) -> Iterator[Path]:
    """Return all that `files.write_directory` has written."""
    yield view.path / CANARY
    for daemon in view.ledger.daemons():
        yield view.daemon_directory(daemon.name)


def _folder_without_link(path: Path) -> Path | None:
    """Return the folder that a link led to which is no more; a killed command leaves some that are not whole."""
    if path.is_symlink():
        return None
    return next((folder for folder in [path, *files.generations(path)] if _is_whole(folder)), None)


def _is_whole(folder: Path) -> bool:
    try:
        certificate = certificates.load(files.read(folder / CERTIFICATE))
        return keys.matches(keys.load(files.read(folder / KEY)), certificate)
    except CertkitError:
        return False


def _copied_authorities(view: View) -> Iterator[tuple[Path, Path]]:
    """Return the folders that stand where a link to an authority was, each with where that led."""
    for role in ROLES:
        path = view.path / "authorities" / role
        if path.is_dir() and not path.is_symlink():
            yield path, view.authority_directory(role)


def _check_same(copy: Path, original: Path) -> None:
    for name in (CERTIFICATE, KEY):
        if (copy / name).exists() and files.read(copy / name) != files.read(original / name):
            raise DamagedHomeError(
                f"{copy} is a folder where a link to {original.name} was, and another {name} is in it",
                "Move it out of the home, or restore the home from a backup.",
                path=copy,
            )
