"""What the shell completes: names from the home's ledger, and the values that an option takes."""

import contextlib
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import typer

from certkit.errors import CertkitError

if TYPE_CHECKING:
    from certkit.ledger.interface import Ledger


def people(context: typer.Context) -> list[str]:
    """Give everybody's name."""
    return _from_ledger(context, lambda ledger: (each.name for each in ledger.people()))


def devices(context: typer.Context) -> list[str]:
    """Give all devices' names."""
    return _from_ledger(context, lambda ledger: (each.name for each in ledger.devices()))


def daemons(context: typer.Context) -> list[str]:
    """Give all daemons' names."""
    return _from_ledger(context, lambda ledger: (each.name for each in ledger.daemons()))


def people_and_daemons(context: typer.Context) -> list[str]:
    """Give the names of everybody and of all daemons."""
    return people(context) + daemons(context)


def clients() -> list[str]:
    """Give what `--for` takes."""
    from certkit.earthly.selection import NAMES

    return list(NAMES)


def deployments() -> list[str]:
    """Give what `--as` takes."""
    from certkit.deploy.render import KINDS

    return list(KINDS)


def flavours() -> list[str]:
    """Give what `--flavour` takes."""
    from certkit.deploy.site import FLAVOURS

    return list(FLAVOURS)


def reasons() -> list[str]:
    """Give what `--reason` takes."""
    from certkit.trust.crl import REASONS

    return list(REASONS)


def key_types() -> list[str]:
    """Give what `--key-type` takes."""
    from certkit.pki.keys import KEY_TYPES

    return list(KEY_TYPES)


def _from_ledger(context: typer.Context, names: Callable[["Ledger"], Iterable[str]]) -> list[str]:
    """Give names that the ledger holds, none where there is no home.

    A name that a shell would read as something else is left out: what is completed is run as it stands.
    """
    from certkit.authority.home import open_home
    from certkit.cli.support.context import home_path
    from certkit.ledger import open_ledger

    try:
        home = open_home(home_path(context.params.get("home")), lambda: b"")
        with contextlib.closing(open_ledger(home.ledger_url)) as ledger:
            return sorted(name for name in names(ledger) if re.fullmatch(r"[\w.@+-]+", name))
    except (CertkitError, OSError):
        return []
