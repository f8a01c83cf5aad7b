"""Whether somebody can be asked, and where they answer: at standard input, or at the terminal if that brings a file."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

_TERMINAL = "/dev/tty"


def is_there(*, input_taken: bool = False) -> bool:
    """Tell whether somebody can be asked; with `input_taken` standard input is a file of theirs, and no answer."""
    if os.isatty(0):
        return True
    if not input_taken:
        return False
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def answers() -> Iterator[TextIO]:
    """Open where answers are typed."""
    if os.isatty(0):
        yield sys.stdin
        return
    with open(_TERMINAL) as typed:  # noqa: PTH123  no path of a user's
        yield typed
