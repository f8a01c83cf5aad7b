"""Warnings where something secret lies in a repository's work tree, or behind a link to somewhere else."""

from pathlib import Path

from certkit.cli.support.output import short, tell

_REPOSITORIES = (".git", ".hg", ".jj", ".svn")


def around(path: Path) -> Path | None:
    """Return the work tree that a path really lies in, None if it is in none that can be seen."""
    try:
        place = path.resolve()
        above = [place, *place.parents]
        return next((folder for folder in above if any((folder / name).exists() for name in _REPOSITORIES)), None)
    except (OSError, RuntimeError):
        return None


def tell_of_folder(folder: Path, *uncovered: Path) -> None:
    """Warn of a folder with keys; `uncovered` are files beside it that no .gitignore of certkit's covers."""
    tree, really = around(folder), folder.parent.resolve()
    if really != _without_links(folder.parent):
        tell(f"{short(folder.parent)} leads to {short(really)}: the keys lie there.")
    if tree is None:
        return
    tell(f"{short(folder)} lies in the work tree {short(tree)}; its .gitignore keeps the keys out of commits.")
    for path in uncovered:
        tell(f"Not covered by it: {short(path)}. Keep that out of commits, too.")


def tell_of_secret(path: Path) -> None:
    """Warn of a file in clear that certkit was told to write into a work tree."""
    if tree := around(path.parent):
        tell(f"{path} lies in the work tree {short(tree)} and is not encrypted: do not commit it.")


def _without_links(path: Path) -> Path:
    """Return where a path leads if no link is on its way from the user's home folder, wherever that itself lies."""
    try:
        home = Path.home()
        return home.resolve() / path.relative_to(home)
    except (RuntimeError, ValueError):
        return path.resolve()
