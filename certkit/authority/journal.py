"""Replace several files of a home, all or none: after a crash the next change finishes it, or it never began.

The new contents lie beside the old ones first. That they count is one file, the journal, which names them; then they
are renamed, and the journal goes. It lies in the home and in no backup: it says what is true of these files alone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from certkit import files
from certkit.authority.home import KEY, SETTINGS, authority_directories
from certkit.errors import MissingError

JOURNAL = ".replacing.json"
_SUFFIX = ".new"
_REPLACED = r"team\.yml|authorities/(server|client)-[1-9][0-9]*/key\.pem"
"""What is ever replaced so; nothing else is renamed or removed, whatever a journal says."""


def replace_all(home: Path, contents: Mapping[str, bytes]) -> None:
    """Replace files, named by their paths within the home, all or none; hold the home's lock."""
    for name, content in contents.items():
        files.write(home / (name + _SUFFIX), content)
    files.write(home / JOURNAL, json.dumps(list(contents)).encode())
    finish(home)


def is_pending(home: Path) -> bool:
    """Tell whether a replacement has been decided and is not complete."""
    return (home / JOURNAL).exists()


def finish(home: Path) -> None:
    """Rename what a journal names, and remove what a crash has left of a replacement that never began.

    Hold the home's lock.
    """
    for name in _named(home):
        source = home / (name + _SUFFIX)
        if source.exists():
            source.replace(home / name)
    (home / JOURNAL).unlink(missing_ok=True)
    for leftover in _leftovers(home):
        leftover.unlink(missing_ok=True)


def is_abandoned(home: Path) -> bool:
    """Tell whether a replacement that never began has left files."""
    return any(_leftovers(home))


def _named(home: Path) -> list[str]:
    try:
        found = json.loads(files.read(home / JOURNAL))
    except (MissingError, ValueError, RecursionError):
        return []
    return [
        name
        for name in (found if isinstance(found, list) else [])
        if isinstance(name, str) and re.fullmatch(_REPLACED, name)
    ]


def _leftovers(home: Path) -> Iterator[Path]:
    """Return the new contents, and the drafts of them that `files.write` has not renamed yet: they hold keys."""
    yield from _drafts(home, SETTINGS + _SUFFIX, f".{JOURNAL}.")
    for folder in authority_directories(home):
        yield from _drafts(folder, KEY + _SUFFIX)


def _drafts(folder: Path, name: str, *beginnings: str) -> Iterator[Path]:
    # Without glob, which compiles a regular expression for each pattern: whoever opens a home looks here.
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.name == name or each.name.startswith((f".{name}.", *beginnings)):
            yield each
