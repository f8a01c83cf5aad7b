"""A list of people in CSV, as spreadsheets write it: one line for each bundle, every bad one named."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from certkit.errors import CertkitError, MalformedError
from certkit.pki import names

_TITLES = ("person", "device")
_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Line:
    """Somebody in the list; `device` is None where none is named."""

    number: int
    person: str
    device: str | None


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be taken, and why."""

    number: int
    problem: str


def parse(content: bytes) -> tuple[list[Line], list[BadLine]]:
    """Read a list; its first line names the columns, `person` and perhaps `device`.

    Raises MalformedError for a file that is not in UTF-8, or whose first line is another.
    """
    rows = _rows(content)
    titles = _titles(next(rows, (1, [])))
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


def _titles(first: tuple[int, Sequence[str] | str]) -> list[str]:
    number, values = first
    titles = [value.lower() for value in values] if not isinstance(values, str) else []
    if "person" not in titles or len(titles) > len(set(titles)) or not set(titles) <= {*_TITLES}:
        raise MalformedError(
            f"line {number}: the first line must name the columns, person and device, and no others",
            "Write it so: person,device",
            code="people-without-titles",
            line=number,
        )
    return titles


def _line(number: int, values: Sequence[str], titles: Sequence[str]) -> Line:
    if len(values) > len(titles) and any(values[len(titles) :]):
        raise MalformedError(f"it has {len(values)} values, and there are {len(titles)} columns", code="people-line")
    row = dict(zip(titles, values, strict=False))
    device = row.get("device")
    return Line(number, names.text(row.get("person", ""), "person"), names.text(device, "device") if device else None)


def _of(line: Line) -> str:
    return f", device {line.device}," if line.device else ""
