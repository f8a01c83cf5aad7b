"""What reaches the terminal: results on stdout, everything else on stderr, nothing from outside printed raw."""

import contextlib
import json
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def plain(text: object) -> str:
    """Give a text with every control and formatting character escaped, so that it cannot steer a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text))


def short(path: Path) -> str:
    """Give a path as people write it to a shell: with ~ for the home folder, in quotes where it needs them."""
    quoted = shlex.quote(str(path))
    if quoted == str(path):
        with contextlib.suppress(RuntimeError, ValueError):  # there is no home folder, or the path is not in it
            return f"~/{path.relative_to(Path.home())}"
    return quoted


def say(*lines: str) -> None:
    """Print lines of a result on stdout; each is made safe with `plain`."""
    for line in lines:
        print(plain(line))  # noqa: T201


def tell(*lines: str) -> None:
    """Print lines that accompany a result on stderr."""
    for line in lines:
        print(plain(line), file=sys.stderr)  # noqa: T201


def complain(message: str, remedy: str = "") -> None:
    """Print an error: one line of what, one line of what to do."""
    tell(f"certkit: {message}")
    if remedy:
        tell(remedy)


def say_json(data: object) -> None:
    """Print a result as JSON on stdout, times and dates in ISO 8601."""
    print(json.dumps(data, indent=2, default=_written))  # noqa: T201


def worded(value: object) -> str:
    """Give a value as people read it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{key} {worded(each)}" for key, each in value.items())
        case list() | tuple():
            return ", ".join(map(worded, value))
    return str(value)


def console() -> "Console":
    """Give rich's console for stdout: colour on a terminal only, no width that cuts in a pipe."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 10_000
    return Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in aligned columns below their titles."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None if not sys.stdout.isatty() else SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(worded(cell))) for cell in row))
    console().print(table)


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
