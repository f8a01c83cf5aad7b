"""Where a command puts the one file that it makes: a new file, or standard output for `-`."""

import base64
import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from certkit import files
from certkit.cli.support import context
from certkit.cli.support.output import showing_once
from certkit.errors import CertkitError, InvalidError

STDOUT = Path("-")


def named(out: Path) -> str:
    """Name it for people."""
    return "standard output" if out == STDOUT else str(out)


def check(out: Path, *, as_json: bool = False) -> None:
    """Raise if nothing can be put there, before anything is done that would be lost without it.

    Raises InvalidError if standard output is to have two things, CertkitError if there is none, and as
    `context.check_new` does.
    """
    if out != STDOUT:
        context.check_new(out)
    elif as_json:
        raise InvalidError("--json prints on standard output, too", "Name a file.", code="standard-output-taken")
    elif sys.__stdout__ is None:
        raise CertkitError("there is no standard output", "Name a file.", code="standard-output-missing")


def check_binary(out: Path, *, as_json: bool = False) -> None:
    """Do the same for what no terminal should get."""
    check(out, as_json=as_json)
    if out == STDOUT and os.isatty(1):
        raise InvalidError(
            "it is no text, and standard output is a terminal", "Name a file.", code="standard-output-is-terminal"
        )


def write(out: Path, content: bytes, *, mode: int = files.PRIVATE) -> None:
    """Write a file, which must not be there yet, or print its content as it is."""
    if out != STDOUT:
        files.write(out, content, mode=mode, replace=False)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def write_line(out: Path, content: bytes) -> None:
    """Write a file, or print its content as one line of base64: what masks secrets masks them line by line."""
    write(out, base64.b64encode(content) + b"\n" if out == STDOUT else content)


@contextlib.contextmanager
def words_beside(out: Path) -> Iterator[None]:
    """Let what is said go to stderr where standard output has the file."""
    with contextlib.redirect_stdout(sys.stderr) if out == STDOUT else contextlib.nullcontext():
        yield


def showing_passphrase(out: Path, code: str, /, **fields: object) -> AbstractContextManager[None]:
    """See to it that a passphrase that only this command knows is shown, or that nothing is left that it opens."""
    file = None if out == STDOUT else out
    return showing_once(f"{named(out)} is not kept: its passphrase", file, code, **fields)
