"""Questions that somebody at a terminal answers by yes or no."""

import os
import sys

from certkit.cli.support import behalf, terminal
from certkit.cli.support.output import plain


def can_ask(*, input_taken: bool = False) -> bool:
    """Tell whether somebody is at a terminal; with `input_taken` standard input brings a file."""
    if elsewhere := behalf.current():
        return elsewhere.is_attended
    return terminal.is_there(input_taken=input_taken)


def is_attended() -> bool:
    """Tell whether any of this command's three streams is a terminal: of what cron or a timer runs, none is."""
    return any(map(os.isatty, range(3)))


def confirmed(question: str, *, input_taken: bool = False) -> bool:
    """Ask, and tell whether the answer is yes; it is no where nobody can be asked."""
    if not can_ask(input_taken=input_taken):
        return False
    if elsewhere := behalf.current():
        return elsewhere.answer(plain(question))
    print(f"{plain(question)} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201  no line's end: it is typed behind it
    with terminal.answers() as typed:
        return typed.readline().strip().lower() in {"y", "yes"}
