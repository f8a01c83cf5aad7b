"""The one JSON form of results: an object for what has fields, enums by value, times in RFC 3339, paths as text."""

import functools
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

_OFFSET = len("+00:00")


def as_json(value: object) -> Any:  # noqa: ANN401  JSON is of any kind
    """Return a result as `json.dumps` takes it.

    Raises TypeError for what has no form: bytes, keys and certificates must never get into a result by accident.
    """
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: as_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: as_json(each) for name, each in zip(value._fields, value, strict=True)}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    return _scalar(value)


def _scalar(value: object) -> str | float | bool | None:
    match value:
        case Enum():  # first: a StrEnum is a str, too
            return str(value.value)
        case None | str() | bool() | int() | float():
            return value
        case datetime():
            return time_text(value)
        case PurePath():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


@functools.lru_cache(64)  # a change says the same few again and again
def time_text(time: datetime) -> str:
    """Write a time as RFC 3339 in UTC, whole seconds: `2026-11-24T12:30:15Z`."""
    return time.astimezone(UTC).isoformat(timespec="seconds")[:-_OFFSET] + "Z"
