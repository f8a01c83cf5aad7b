"""What of a home other users of this machine can read, and must not."""

import stat
from pathlib import Path

from certkit.authority.home import KEY

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def exposed(home: Path) -> list[Path]:
    """Return the home itself and the authorities' keys in it, as far as others than their owner have rights to them."""
    keys = (path for path in sorted(home.glob(f"authorities/*-*/{KEY}")) if path.exists())
    return [path for path in (home, *keys) if path.stat().st_mode & _OTHERS]
