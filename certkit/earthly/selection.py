"""All clients by name, and which of them are meant: those with a configuration, and those that take flags."""

from collections.abc import Sequence
from pathlib import Path

from certkit.earthly import flag_clients
from certkit.earthly.clients import KINDS, Client, find, unknown
from certkit.earthly.user import Environment

NAMES = (*KINDS, *flag_clients.NAMES)
"""What `--for` takes."""


def configured(
    environ: Environment, names: Sequence[str], config: Path | None, *, folder: Path | None = None
) -> list[Client]:
    """Return Earthly and EarthBuild as far as they are among `names`; without names, those that are found here.

    `folder` is where they would be run, if their `.env` there is to count. Raises InvalidError for a name that is no
    client's.
    """
    for name in names:
        if name not in NAMES:
            raise unknown(name, NAMES)
    family = [name for name in KINDS if name in names]
    return find(environ, family, config, folder=folder) if family or not names else []
