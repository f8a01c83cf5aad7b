"""How long something took."""

import time


def ms_since(started: float) -> float:
    """Return the milliseconds since a moment on `time.monotonic`."""
    return (time.monotonic() - started) * 1000
