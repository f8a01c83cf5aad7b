"""The clients that can be enrolled: Earthly and EarthBuild by their configuration, the others by files of their own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from certkit.earthly.clients import KINDS, Client, find
from certkit.enroll import flag_clients
from certkit.errors import InvalidError

NAMES = (*KINDS, *flag_clients.NAMES)
"""What `--for` takes."""


def configured(environ: Mapping[str, str], names: Sequence[str], config: Path | None) -> list[Client]:
    """Give Earthly and EarthBuild as far as they are among `names`; without names, those that are found here.

    Raises InvalidError for a name that is no client's.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise InvalidError(f"{unknown[0]!r} is no client that certkit knows", f"Choose from {', '.join(NAMES)}.")
    family = [name for name in KINDS if name in names]
    return find(environ, family, config) if family or not names else []
