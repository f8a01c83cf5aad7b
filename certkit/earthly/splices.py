"""Where a configuration's text is cut, and what is put there, to change one key of its `global` section."""

import json
import re

import yaml

from certkit.earthly.section import Section, Source, Value
from certkit.earthly.yaml_positions import Entry, Node, line_break, line_end, line_start, pieces, unsafe

Splice = tuple[int, int, str]
"""Where a stretch begins and ends, and what takes its place."""

_BLOCK_SCALAR = r"(?:[&!]\S*\s+)*[|>]"
_PLAIN = r"(?a)[A-Za-z./][\w./:@-]*[\w/]"
_STEP = 2


def apply(text: str, splices: list[Splice]) -> str:
    """Make all cuts; they do not overlap."""
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def insertion(section: Section, key: str, value: Value) -> list[Splice]:
    """Add a key: at the top of the section, below or behind `global`; where there is no section, add one."""
    root, entry, text = section.root, section.entry, section.text
    in_flow = bool(root and root.is_flow) or bool(section.value and section.value.is_flow)
    line = f"{key}: {_written(value, in_flow=in_flow)}"
    if entry is None:
        return [_first(text, root, f"global: {{{line}}}")] if root and in_flow else _at_end(section, line)
    if entry.value.is_flow:
        return [_first(text, entry.value, line)]
    if in_flow:
        return _replaced(text, entry.value, f"{{{line}}}")
    if entry.value.is_null:
        line = _indent(text, entry) + _step(section) + line
        return [_without(text, entry.value), _below(text, entry.key.end, line)]
    return [_below(text, entry.key.end, _indent(text, entry.value.entries[0]) + line)]


def replacement(section: Section, entry: Entry, value: Value) -> list[Splice]:
    """Set a key to another value; a comment behind the value stays."""
    in_flow = bool(section.value and section.value.is_flow)
    section.refuse_shared(entry.value, f"the value of {entry.key.text}")
    return _replaced(section.text, entry.value, _written(value, in_flow=in_flow))


def removal(section: Section, entry: Entry) -> list[Splice]:
    """Take out a key with its line, or from between its commas."""
    section.refuse_shared(entry.key, "the key")
    section.refuse_shared(entry.value, f"the value of {entry.key.text}")
    if section.value and section.value.is_flow:
        return [_from_between_commas(section, entry)]
    text = section.text
    start = entry.key.start - len(_indent(text, entry))
    end, next_line = line_end(text, pieces(text, entry.value)[-1][1])
    if next_line == end:  # the last line has no end; nor shall the one before it
        start -= 2 if text.endswith("\r\n", 0, start) else 1
    return [(start, next_line, "")]


def _from_between_commas(section: Section, entry: Entry) -> Splice:
    place = section.entries.index(entry)
    if place + 1 < len(section.entries):
        return (entry.key.start, section.entries[place + 1].key.start, "")
    before = section.entries[place - 1].value.end if place else entry.key.start
    has_comment = "#" in section.text[before : entry.key.start]
    return (entry.key.start if has_comment else before, entry.value.end, "")


def _replaced(text: str, node: Node, source: str) -> list[Splice]:
    """Put a value in the place of another; the lines of a block scalar go below a comment that stands behind."""
    (start, end), *rest = pieces(text, node)
    head_end = line_end(source, 0)[0] if re.match(_BLOCK_SCALAR, source) else len(source)
    head, body = source[:head_end], source[head_end:]
    if start == end and head and text[start - 1] == ":":
        head = " " + head
    below, _ = line_end(text, rest[-1][1] if rest else end)
    return [(below, below, body), (start, end, head), *((a, b, "") for a, b in rest)]


def _at_end(section: Section, line: str) -> list[Splice]:
    """Append a section; a file whose last line has no end is left without one."""
    text, root, end = section.text, section.root, section.document.end
    has_entries = root is not None and root.is_mapping
    indent = _indent(text, root.entries[0]) if root and has_entries else ""
    lines = line_break(text).join([indent + "global:", indent + _step(section) + line])
    new = lines + line_break(text) if line_start(text, end) == end else line_break(text) + lines
    null = [_without(text, root)] if root and not has_entries else []
    return [(end, end, new), *null]


def _first(text: str, mapping: Node, line: str) -> Splice:
    """Put an entry before all others of a flow mapping."""
    comma = "" if not mapping.entries else "," if text[mapping.opened].isspace() else ", "
    return (mapping.opened, mapping.opened, line + comma)


def _below(text: str, position: int, line: str) -> Splice:
    end, _ = line_end(text, position)
    return (end, end, line_break(text) + line)


def _without(text: str, null: Node) -> Splice:
    """Take out a `~` with the blanks before it."""
    return (len(text[: null.start].rstrip(" \t")) if null.start < null.end else null.end, null.end, "")


def _indent(text: str, entry: Entry) -> str:
    before = text[line_start(text, entry.key.start) : entry.key.start]
    if before.strip(" "):
        raise unsafe(entry.key.line, "a key that does not begin its line")
    return before


def _step(section: Section) -> str:
    """Return the indentation that the file uses for the first mapping within it."""
    for entry in section.root.entries if section.root else []:
        if entry.value.is_mapping and not entry.value.is_flow:
            return " " * max(1, entry.value.entries[0].key.column - entry.key.column)
    return " " * _STEP


def _written(value: Value, *, in_flow: bool) -> str:
    if isinstance(value, Source):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    text = value or ""
    if not in_flow and re.fullmatch(_PLAIN, text) and _is_string_when_plain(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _is_string_when_plain(text: str) -> bool:
    """Tell whether a text without quotes is read as a string, not as a number, a boolean, a date or null."""
    kinds = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], [])
    return not any(pattern.match(text) for _, pattern in kinds)
