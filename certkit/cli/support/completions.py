"""What the shell completes: names from the home's ledger, and the values that an option takes."""

import importlib
from collections.abc import Callable

import typer

from certkit.cli import actions


def people(context: typer.Context) -> list[str]:
    """Return everybody's name."""
    return actions.ledger_names.people(context.params.get("home"))


def devices(context: typer.Context) -> list[str]:
    """Return all devices' names."""
    return actions.ledger_names.devices(context.params.get("home"))


def daemons(context: typer.Context) -> list[str]:
    """Return all daemons' names."""
    return actions.ledger_names.daemons(context.params.get("home"))


def people_and_daemons(context: typer.Context) -> list[str]:
    """Return the names of everybody and of all daemons."""
    return people(context) + daemons(context)


def _values(place: str) -> Callable[[], list[str]]:
    """Return a completion from what is listed at `module:NAME`; the module is imported when the shell asks."""

    def complete() -> list[str]:
        module, _, name = place.partition(":")
        return list(getattr(importlib.import_module(module), name))

    return complete


clients = _values("certkit.earthly.selection:NAMES")
deployments = _values("certkit.deploy:KINDS")
flavours = _values("certkit.deploy:FLAVOURS")
reasons = _values("certkit.authority.revocation:REASON_NAMES")
key_types = _values("certkit.pki.keys:KEY_TYPES")
