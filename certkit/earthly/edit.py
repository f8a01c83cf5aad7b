"""Change a few keys under `global` in a client's configuration, and not one other byte.

The edit is made on the text, one key at a time. After each the text is read again: the key must say what was asked,
and every other event of YAML must be what it was. What fails that is refused with the line, and nothing changes.
"""

from collections.abc import Collection, Mapping

from certkit.earthly import splices
from certkit.earthly.config import DEFAULTS, LIMIT
from certkit.earthly.section import Section, Source, Value
from certkit.earthly.yaml_positions import parse, unsafe
from certkit.errors import CertkitError, MalformedError

KEYS = tuple(DEFAULTS)
"""What an enrollment sets."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def get_globals(content: bytes, keys: Collection[str] = KEYS) -> dict[str, Source | None]:
    """Return the values of keys under `global` as they are written, None for a key that is not there.

    `set_globals` puts them back. Raise as it does.
    """
    section = Section(_decode(content))
    return {key: section.source(key) for key in keys}


def set_globals(content: bytes, values: Mapping[str, Value]) -> bytes:
    """Set keys under `global`, or take out those that are to be None; what says so already stays as it is written.

    Raises MalformedError for what is not YAML or not a configuration, RefusedError for what cannot be edited safely,
    both with the line.
    """
    original = section = Section(_decode(content))
    changed = [key for key in values if not original.says(key, values[key])]
    for key in changed:
        _cuts(original, key, values[key])  # refused, if so, with the lines of the file as it is
    for key in reversed(changed):  # a new key goes to the top, so the first comes last
        section = _edited(section, key, values[key], original.line_of(key))
    return section.text.encode()


def undo(content: bytes, former: bytes, values: Mapping[str, Value]) -> bytes:
    """Undo `set_globals(former, values)`, which may have been followed by other edits.

    Return the very bytes of `former` where there were none; otherwise only the keys in `values` become what they were.
    Raise as `set_globals` does.
    """
    if set_globals(former, values) == content:
        return former
    return set_globals(content, get_globals(former, values.keys()))


def scalars(content: bytes) -> list[tuple[int, str]]:
    """Return every scalar of the text, keys and values alike, with its line; raise MalformedError or RefusedError."""
    root = parse(_decode(content)).root
    return root.scalars if root else []


def _cuts(section: Section, key: str, value: Value) -> list[splices.Splice]:
    entry = section.get(key)
    if entry is None:
        return splices.insertion(section, key, value)
    if value is None:
        return splices.removal(section, entry)
    return splices.replacement(section, entry, value)


def _edited(section: Section, key: str, value: Value, line: int) -> Section:
    """Change one key and read the result; raise RefusedError, naming the line, if it is not what it must be."""
    try:
        edited = Section(splices.apply(section.text, _cuts(section, key, value)))
        is_safe = edited.says(key, value) and edited.signature_without(key) == section.signature_without(key)
    except CertkitError:
        is_safe = False
    if not is_safe:
        raise unsafe(line, f"{key} cannot be set or taken out safely here")
    return edited


def _decode(content: bytes) -> str:
    if content.startswith(_UTF16):
        raise unsafe(1, "the file is in UTF-16", "Save it as UTF-8, and run this again.")
    if len(content) > LIMIT:
        raise MalformedError(
            f"the file is larger than {LIMIT} bytes",
            "Check that it is the right file.",
            code="client-config-too-large",
            limit=LIMIT,
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MalformedError(
            f"line {line}: the file is not in UTF-8", "Save it as UTF-8.", code="client-config-not-utf8", line=line
        ) from None
