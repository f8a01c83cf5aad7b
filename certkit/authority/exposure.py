"""What of a home other users of this machine can read, and must not."""

import stat
from pathlib import Path

from certkit.authority.home import KEY, authority_directories

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def exposed(home: Path) -> list[Path]:
    """Return the home itself and the authorities' keys in it, as far as others than their owner have rights to them."""
    keys = (folder / KEY for folder in authority_directories(home))
    return [path for path in (home, *keys) if path.exists() and path.stat().st_mode & _OTHERS]
