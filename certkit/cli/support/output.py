"""What reaches the terminal: results on stdout, everything else on stderr, nothing from outside printed raw."""

import contextlib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from certkit.cli.support import behalf
from certkit.errors import CertkitError
from certkit.results import as_json

if TYPE_CHECKING:
    from rich.console import Console


_GAP = "  "
_PAGE = 1000
"""Rows of a table that are laid out together."""
Part = str | tuple[str, str]
"""A part of a line: a text, or a text and its style in rich's words."""
T = TypeVar("T")


def plain(text: object) -> str:
    """Return a text with every control and formatting character escaped, so that it cannot steer a terminal."""
    whole = str(text)
    if whole.isprintable():
        return whole
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in whole)


def short(path: Path) -> str:
    """Return a path as people write it to a shell: with ~ for the home folder, in quotes where it needs them."""
    quoted = shlex.quote(str(path))
    if quoted == str(path):
        with contextlib.suppress(RuntimeError, ValueError):  # there is no home folder, or the path is not in it
            return f"~/{path.relative_to(Path.home())}".removesuffix("/.")
    return quoted


def say(*lines: str) -> None:
    """Print lines of a result on stdout; each is made safe with `plain`, and prose is broken where a terminal ends."""
    room = _room()
    for line in lines:
        for part in _folded(plain(line), room):
            print(part)


def _folded(line: str, room: int) -> list[str]:
    """Break prose at spaces; what is indented or holds a command stays whole, so that it can be pasted."""
    if len(line) <= room or line.startswith((" ", "$ ")) or "certkit " in line:
        return [line]
    return wrap(line, room)


def _room() -> int:
    """Return how many columns there are on stdout: without a terminal, any number."""
    if elsewhere := behalf.current():
        return elsewhere.columns or sys.maxsize
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def tell(*lines: str) -> None:
    """Print lines that accompany a result on stderr; where they cannot be written, nothing can be said of that."""
    with contextlib.suppress(OSError):
        for line in lines:
            print(plain(line), file=sys.stderr)


def counted(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield items; on a terminal they are counted on stderr, in one line that is gone at the end."""
    is_shown = sys.stderr.isatty()
    try:
        for number, item in enumerate(items, 1):
            if is_shown:
                print(f"\r{what} {number} of {total}", end="", file=sys.stderr, flush=True)
            yield item
    finally:
        if is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def flush() -> None:
    """Write what has been printed so far, so that a full disk or a reader that has left is an error here.

    Python would write it at the exit, and then end with 120 and a message of its own. Raises OSError.
    """
    sys.stdout.flush()


def give_up() -> None:
    """Drop what still cannot be written, so that Python does not try again at the exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


@contextlib.contextmanager
def showing_once(secret: str, file: Path | None, code: str, **fields: object) -> Iterator[None]:
    """Make sure that a secret, which nobody can show again, has reached stdout by the end of the block.

    If it has not, the `file` that nobody could open is removed, if there is one, and CertkitError is raised with this
    code and these fields; `secret` says in its message what is lost.
    """
    reason = "" if sys.__stdout__ else "there is no standard output"
    try:
        yield
        flush()
    except OSError as error:
        reason = reason or str(error.strerror)
    if reason:
        if file:
            file.unlink(missing_ok=True)
        lost = CertkitError(f"{secret} could not be shown: {reason}", code=code)
        lost.fields = fields
        raise lost


def complain(message: str, remedy: str = "") -> None:
    """Print an error: one line of what, one line of what to do."""
    tell(f"certkit: {message}")
    if remedy:
        tell(remedy)


def say_json(data: object) -> None:
    """Print a result as JSON on stdout, in the one form that `results` gives it."""
    print(json.dumps(as_json(data), indent=2))


def worded(value: object) -> str:
    """Return a value as people read it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{key} {worded(each)}" for key, each in value.items() if worded(each))
        case list() | tuple():
            return ", ".join(map(worded, value))
    return str(value)


def say_styled(*lines: Sequence[Part]) -> None:
    """Print lines on stdout, in colour and bold where a terminal shows it; none is cut or broken."""
    if not (sys.stdout.isatty() or "FORCE_COLOR" in os.environ):  # rich takes longer to load than most results
        for line in lines:
            print("".join(part if isinstance(part, str) else part[0] for part in line))
        return
    from rich.text import Text

    screen = _console()
    for line in lines:
        screen.print(Text.assemble(*line))


def _console() -> "Console":
    """Return rich's console for stdout: without colour under NO_COLOR."""
    from rich.console import Console

    return Console(
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )


def say_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in aligned columns below their titles.

    The last columns, where a terminal has no room for them, get lines of their own below each row. No value is ever
    cut or broken, except at a space. Rows are taken and printed by the thousand: where there are more, what is wider
    than all before it makes the columns wider from there on.
    """
    rest, widths = iter(rows), [0] * len(titles)
    page: list[Sequence[object]] = [titles, *islice(rest, _PAGE)]
    is_first = True
    while page:
        lines = [[plain(worded(cell)) for cell in row] for row in page]
        columns = zip(*lines, strict=True)
        widths = [max(width, *map(_columns, column)) for width, column in zip(widths, columns, strict=True)]
        shown = list(_laid_out(lines, widths, _room()))
        if is_first:
            say_styled(*([(line, "bold")] for line in shown.pop(0)))
            is_first = False
        if shown:
            print(*(each for row in shown for each in row), sep="\n")
        page = list(islice(rest, _PAGE))


def _laid_out(lines: Iterable[Sequence[str]], widths: Sequence[int], room: int) -> Iterator[list[str]]:
    """Return the lines of each row."""
    beside = max(1, sum(end - len(_GAP) <= room for end in accumulate(width + len(_GAP) for width in widths)))
    for line in lines:
        padded = [cell + " " * (width - _columns(cell)) for cell, width in zip(line[:beside], widths, strict=False)]
        below = wrap(_GAP.join(filter(None, line[beside:])), room - len(_GAP)) if beside < len(line) else []
        yield [_GAP.join(padded).rstrip(), *(_GAP + each for each in below)]


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # slow, and most texts need none of it

    return cell_len(text)


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of about `width` columns, only at spaces."""
    import textwrap  # slow, and most lines are short

    return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False)
