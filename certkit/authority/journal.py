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
    _set(ledger, list(contents), complete=False)
    for name, content in contents.items():
        files.write(home / (name + _SUFFIX), content)
    _set(ledger, list(contents), complete=True)
    finish(home, ledger)


def is_pending(ledger: Ledger) -> bool:
    """Tell whether a replacement is under way, or was when a crash came."""
    return bool((ledger.state(_STATE) or {}).get("names"))


def finish(home: Path, ledger: Ledger) -> None:
    """Rename what is complete, and remove what a crash has left incomplete; hold the home's lock."""
    state = ledger.state(_STATE) or {"names": []}
    for name in state["names"]:
        source = home / (name + _SUFFIX)
        if state["complete"] and source.exists():
            source.replace(home / name)
        for leftover in (source, *source.parent.glob(f".{source.name}.*")):
            leftover.unlink(missing_ok=True)
    _set(ledger, [], complete=True)


def _set(ledger: Ledger, names: list[str], *, complete: bool) -> None:
    with ledger.transaction():
        ledger.set_state(_STATE, {"names": names, "complete": complete})
