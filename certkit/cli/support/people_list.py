"""A list of people in CSV, as spreadsheets write it: one line for each bundle or code, every bad one named."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from certkit.earthly import selection
from certkit.earthly.clients import unknown
from certkit.errors import CertkitError, MalformedError
from certkit.pki import names

OF_BUNDLES = ("person", "device")
OF_CODES = ("person", "device", "client")
_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Line:
    """Somebody in the list; `device` and `client` are None where none is named."""

    number: int
    person: str
    device: str | None
    client: str | None = None


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be taken, and why."""

    number: int
    problem: str


def parse(
    content: bytes, columns: Sequence[str] = OF_BUNDLES, *, untitled: bool = False
) -> tuple[list[Line], list[BadLine]]:
    """Read a list; its first line names the columns, `person` and perhaps others of them.

    Where it may be `untitled`, the first line may be somebody already, and the columns are then in their order.

    Raises MalformedError for a file that is not in UTF-8, or whose first line is another.
    """
    rows: Iterator[tuple[int, list[str] | str]] = _rows(content)
    begin = next(rows, (1, []))
    if untitled and "person" not in map(str.lower, begin[1]):
        rows, titles = chain([begin], rows), [*columns]
    else:
        titles = _titles(begin, columns)
    good: list[Line] = []
    bad: list[BadLine] = []
    seen: dict[tuple[str, str], int] = {}
    for number, row in rows:
        if isinstance(row, str):
            bad.append(BadLine(number, row))
            continue
        try:
            line = _line(number, row, titles)
        except CertkitError as error:
            bad.append(BadLine(number, error.message))
            continue
        first = seen.setdefault((names.folded(line.person), names.folded(line.device or "")), number)
        if first == number:
            good.append(line)
        else:
            bad.append(BadLine(number, f"{line.person}{_of(line)} is in line {first} already"))
    return good, bad


def _rows(content: bytes) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each line that is not blank, with its number, as its values, or as what is wrong with it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MalformedError(
            f"line {line}: it is not in UTF-8", "Save it as CSV in UTF-8.", code="people-not-utf8", line=line
        ) from None
    first = next(filter(str.strip, text.splitlines()), "")
    separator = next((each for each in _SEPARATORS if each in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    while True:
        number = reader.line_num + 1
        try:
            values = [value.strip() for value in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"it is not CSV: {error}"
            continue
        if any(values):
            yield number, values


def _titles(first: tuple[int, Sequence[str] | str], columns: Sequence[str]) -> list[str]:
    number, values = first
    titles = [value.lower() for value in values] if not isinstance(values, str) else []
    if "person" not in titles or len(titles) > len(set(titles)) or not set(titles) <= {*columns}:
        named = f"{', '.join(columns[:-1])} and {columns[-1]}"
        raise MalformedError(
            f"line {number}: the first line must name the columns, {named}, and no others",
            f"Write it so: {','.join(columns)}",
            code="people-without-titles",
            line=number,
        )
    return titles


def _line(number: int, values: Sequence[str], titles: Sequence[str]) -> Line:
    if len(values) > len(titles) and any(values[len(titles) :]):
        raise MalformedError(f"it has {len(values)} values, and there are {len(titles)} columns", code="people-line")
    row = dict(zip(titles, values, strict=False))
    device, client = row.get("device"), row.get("client") or None
    if client and client not in selection.NAMES:
        raise unknown(client, selection.NAMES)
    person = names.text(row.get("person", ""), "person")
    return Line(number, person, names.text(device, "device") if device else None, client)


def _of(line: Line) -> str:
    return f", device {line.device}," if line.device else ""
