"""What a scalar of YAML means to Earthly's parser (gopkg.in/yaml.v3, `resolve.go`): text, number, date, nothing."""

import base64
import re
from datetime import UTC, datetime
from typing import NamedTuple

from yaml.events import ScalarEvent

STRING, NULL, INTEGER, FLOAT, BOOLEAN, DATE, MERGE, BINARY = (
    "str",
    "null",
    "int",
    "float",
    "bool",
    "timestamp",
    "merge",
    "binary",
)

_PREFIX = "tag:yaml.org,2002:"
_RESOLVABLE = (STRING, BOOLEAN, INTEGER, FLOAT, NULL, DATE)
_WORDS: dict[str, tuple[str, object]] = {
    **dict.fromkeys(("true", "True", "TRUE"), (BOOLEAN, True)),
    **dict.fromkeys(("false", "False", "FALSE"), (BOOLEAN, False)),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (FLOAT, float("nan"))),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), (FLOAT, float("inf"))),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (FLOAT, float("-inf"))),
    "<<": (MERGE, "<<"),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_INTEGERS = {
    base: re.compile(pattern, re.ASCII)
    for base, pattern in {
        16: r"([-+]?)0[xX]([0-9a-fA-F]+)",
        8: r"([-+]?)0[oO]?([0-7]+)",
        2: r"([-+]?)0[bB]([01]+)",
        10: r"([-+]?)(0|[1-9][0-9]*)",
    }.items()
}
_DATES = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII),
    re.compile(
        r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+](\d\d):(\d\d))"
        r"| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)",
        re.ASCII,
    ),
)
_LONGEST_INTEGER = 100
_BEYOND_SIGNED = 2**63


class UnresolvableError(ValueError):
    """A value is not what its tag says: the parser stops there at once."""


class Resolved(NamedTuple):
    """A scalar as the parser has it: the short name of its tag, and its value in Python."""

    tag: str
    value: object


def short_tag(tag: str | None) -> str:
    """Return a tag without YAML's prefix; empty where there is none that counts."""
    return "" if tag is None or tag == "!" else tag.removeprefix(_PREFIX)


def resolve(event: ScalarEvent) -> Resolved:
    """Return what a scalar means; raise UnresolvableError if it contradicts its tag."""
    tag = short_tag(event.tag)
    is_quoted = event.style is not None
    if tag == STRING or (not tag and is_quoted):
        return Resolved(STRING, event.value)
    if tag == BINARY:
        return Resolved(tag, _from_base64(event.value))
    if tag and tag not in _RESOLVABLE:
        return Resolved(tag, event.value)
    found = _plain(event.value, with_dates=tag in ("", DATE))
    if tag == FLOAT and isinstance(found.value, int) and found.tag == INTEGER and found.value < _BEYOND_SIGNED:
        return Resolved(FLOAT, float(found.value))
    if tag not in ("", found.tag):
        raise UnresolvableError(f"{event.value!r} is no {tag}, as its tag !!{tag} says")
    return found


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True).decode(errors="replace")
    except ValueError:
        raise UnresolvableError("what is tagged !!binary is no base64") from None


def _plain(text: str, *, with_dates: bool) -> Resolved:
    if text in _WORDS:
        return Resolved(*_WORDS[text])
    if text[0] == ".":
        return _float(text) or Resolved(STRING, text)
    if text[0] not in "+-0123456789":
        return Resolved(STRING, text)
    if with_dates and _is_date(text):
        return Resolved(DATE, text)
    digits = text.replace("_", "")
    return _integer(digits) or _float(digits) or Resolved(STRING, text)


def _integer(text: str) -> Resolved | None:
    """Read an integer as Go's strconv does: 64 bits, those beyond the signed ones without a sign."""
    if len(text) > _LONGEST_INTEGER:
        return None
    for base, pattern in _INTEGERS.items():
        if found := pattern.fullmatch(text):
            value = int(found[1] + found[2], base)
            fits = -_BEYOND_SIGNED <= value < _BEYOND_SIGNED or (_BEYOND_SIGNED <= value < 2**64 and not found[1])
            return Resolved(INTEGER, value) if fits else None
    return None


def _float(text: str) -> Resolved | None:
    if not _FLOAT.fullmatch(text):
        return None
    value = float(text)
    return None if value in (float("inf"), float("-inf")) else Resolved(FLOAT, value)


def _is_date(text: str) -> bool:
    found = next(filter(None, (pattern.fullmatch(text) for pattern in _DATES)), None)
    if not found:
        return False
    year, month, day, *rest = (int(part) for part in found.groups() if part is not None)
    hour, minute, second = (*rest, 0, 0, 0)[:3]
    try:
        datetime(year or 4, month, day, hour, minute, second, tzinfo=UTC)  # Go has a year 0, like 4 a leap year
    except ValueError:
        return False
    return True
