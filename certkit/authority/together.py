"""Replace several files of a home together: after a crash the next command finishes it, or it never began.

The new contents lie beside the old ones first; that they count is one row in the ledger; then they are renamed.
"""

from collections.abc import Mapping
from pathlib import Path

from certkit import files
from certkit.ledger.interface import Ledger

_STATE = "replacing"
_SUFFIX = ".new"


def replace_together(home: Path, ledger: Ledger, contents: Mapping[str, bytes]) -> None:
    """Replace files, named by their paths within the home, all or none; hold the home's lock."""
    for name, content in contents.items():
        files.write(home / (name + _SUFFIX), content)
    with ledger.transaction():
        ledger.set_state(_STATE, {"names": list(contents)})
    finish(home, ledger)


def finish(home: Path, ledger: Ledger) -> None:
    """Rename what a crash has left to be renamed; mostly there is nothing."""
    names = (ledger.state(_STATE) or {}).get("names", [])
    for name in names:
        source = home / (name + _SUFFIX)
        if source.exists():
            source.replace(home / name)
    if names:
        with ledger.transaction():
            ledger.set_state(_STATE, {"names": []})
