"""Numbers as options take them: the ranges that are allowed, and what is wrong with other values."""

from collections.abc import Callable

import typer


def count(least: int) -> Callable[[str], int]:
    """Return a parser of whole numbers of at least `least`."""

    def parse(value: str | int) -> int:
        try:
            number = int(value)
        except ValueError:
            raise typer.BadParameter(f"{value!r} is not a whole number") from None
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
