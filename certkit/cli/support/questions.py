"""Questions that somebody at a terminal answers by yes or no."""

import os
import sys

from certkit.cli.support.output import plain


def can_ask() -> bool:
    """Tell whether somebody is at a terminal."""
    return os.isatty(0)


def is_attended() -> bool:
    """Tell whether any of this command's three streams is a terminal: of what cron or a timer runs, none is."""
    return any(map(os.isatty, range(3)))


def confirmed(question: str) -> bool:
    """Ask, and tell whether the answer is yes; it is no where nobody can be asked."""
    if not can_ask():
        return False
    print(f"{plain(question)} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201  no line's end: it is typed behind it
    try:
        return input().strip().lower() in {"y", "yes"}
    except EOFError:
        return False
