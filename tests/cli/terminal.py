"""The program as a process of its own, on a terminal of a given width, with somebody who answers its questions."""

import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl

PATIENCE = 30
"""Seconds."""


def on_terminal(
    arguments: Sequence[str],
    answers: Mapping[str, str] | None = None,
    *,
    columns: int = 80,
    environment: Mapping[str, str] | None = None,
    given: str = os.devnull,
) -> tuple[int, str]:
    """Run a command line; type each answer once its question is there.

    An answer is a secret, typed when the terminal shows no typing, unless its question ends in a choice: `[y/N]`.
    Standard input is the terminal too, or a file that is `given`. Give the exit code and all that was shown.
    """
    child, terminal = pty.fork()
    if child == 0:
        if given != os.devnull:
            os.dup2(os.open(given, os.O_RDONLY), 0)
        os.environ |= {"TERM": "xterm", **(environment or {})}
        os.execv(sys.executable, [sys.executable, "-m", "certkit", *arguments])
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    waiting, shown, deadline = list((answers or {}).items()), "", time.monotonic() + PATIENCE
    answered = 0
    while time.monotonic() < deadline:
        in_sight = bool(waiting) and waiting[0][0].endswith("/N]")
        question = re.escape(waiting[0][0]) if in_sight else waiting[0][0] if waiting else ""
        if waiting and re.search(question, shown[answered:]) and _echoes(terminal) == in_sight:
            answered = len(shown)
            os.write(terminal, waiting.pop(0)[1].encode(errors="surrogateescape") + b"\n")
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536).decode()
            except OSError:  # the other end is closed
                break
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.replace("\r\n", "\n")


def _echoes(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def as_seen(shown: str) -> list[str]:
    """Return the lines without colours and the like."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
