"""The names in the home's ledger, for the shell to complete."""

import contextlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from certkit.authority.home import open_home
from certkit.cli.support.context import home_path, ledger_url
from certkit.errors import CertkitError
from certkit.ledger import open_ledger
from certkit.ledger.interface import Ledger


def people(home: Path | None) -> list[str]:
    """Return everybody's name."""
    return _names(home, lambda ledger: ledger.names())


def devices(home: Path | None) -> list[str]:
    """Return all devices' names."""
    return _names(home, lambda ledger: (each.name for each in ledger.devices()))


def daemons(home: Path | None) -> list[str]:
    """Return all daemons' names."""
    return _names(home, lambda ledger: (each.name for each in ledger.daemons()))


def _names(home: Path | None, names: Callable[[Ledger], Iterable[str]]) -> list[str]:
    """Return names that the ledger holds, none where there is no home.

    A name that a shell would read as something else is left out: what is completed is run as it stands.
    """
    try:
        opened = open_home(home_path(home), lambda: b"", ledger_url())
        with contextlib.closing(open_ledger(opened.ledger_url)) as ledger:
            return sorted(name for name in names(ledger) if re.fullmatch(r"[\w.@+-]+", name))
    except (CertkitError, OSError):
        return []
