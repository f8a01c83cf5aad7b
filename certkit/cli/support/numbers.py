"""Numbers as options take them: the ranges that are allowed, and what is wrong with other values."""

import re
from collections.abc import Callable
from datetime import timedelta

import typer

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def count(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a parser of whole numbers within bounds, both inclusive."""

    def parse(value: str | int) -> int:
        try:
            number = int(value)
        except ValueError:
            raise typer.BadParameter(f"{value!r} is not a whole number") from None
        if most is not None and number > most:
            raise typer.BadParameter(f"{number} is more than {most}")
        if number < least:
            raise typer.BadParameter(f"{number} is less than {least}")
        return number

    return parse


def seconds(least: float, most: float | None = None) -> Callable[[str], float]:
    """Return a parser of durations within bounds, both inclusive."""

    def parse(value: str | float) -> float:
        try:
            number = float(value)
        except ValueError:
            raise typer.BadParameter(f"{value!r} is not a number") from None
        if most is not None and not least <= number <= most:
            raise typer.BadParameter(f"{number} is not between {least} and {most}")
        if not number >= least:  # what is no number is not
            raise typer.BadParameter(f"{number} is less than {least}")
        return number

    return parse


def duration(value: str | timedelta) -> timedelta:
    """Parse a duration as people write it: `30m`, `1h`, `7d`."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"([0-9]{1,5})([mhd])", value)
    if not found:
        raise typer.BadParameter(f"{value!r} is not a duration such as 30m, 1h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def duration_text(value: timedelta) -> str:
    """Write a duration of whole minutes as `duration` reads it."""
    units = {letter: timedelta(**{name: 1}) for letter, name in _UNITS.items()}
    letter = next(letter for letter in "dhm" if not value % units[letter])
    return f"{value // units[letter]}{letter}"
