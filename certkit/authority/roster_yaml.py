"""The YAML of a roster: texts, lists and mappings, each with its line, and nothing of YAML that surprises.

No text is taken for anything else (`no` is somebody's name here), a key is there once, and what could grow or hide
(aliases, tags, a second document, deep nesting) is refused where it stands. Nothing is ever expanded.
"""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple, Union

import yaml

from certkit.errors import CertkitError, MalformedError

_DEEPEST = 4
_NOTHING = {"", "~", "null"}


class Text(NamedTuple):
    """A text; `plain` is one without quotes."""

    line: int
    value: str
    plain: bool

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is written there, or YAML's word for nothing."""
        return self.plain and self.value in _NOTHING


class Items(NamedTuple):
    """A list."""

    line: int
    values: list["Node"]


class Entry(NamedTuple):
    """What stands behind a key, and in which line the key stands."""

    line: int
    value: "Node"


class Entries(NamedTuple):
    """A mapping; its keys are in the order of the file."""

    line: int
    values: dict[str, Entry]


Node = Union[Text, Items, Entries]  # noqa: UP007  it is named before it is there


def read(content: bytes) -> Node:
    """Read the one document of a text; raise MalformedError, with the line, for what is not to be in it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong(content.count(b"\n", 0, error.start) + 1, "it is not in UTF-8", "Save it in UTF-8.") from None
    try:
        return _document(_events(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise wrong(mark.line + 1 if mark else 1, f"it is not YAML: {error.problem}", "Correct that line.") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise wrong(line, "a character in it is not to be in YAML", "Type that line again.") from None


def wrong(line: int, problem: str, remedy: str) -> MalformedError:
    """Return what is wrong with a line as an error."""
    return MalformedError(f"line {line}: {problem}", remedy, code="roster-wrong", line=line)


@contextlib.contextmanager
def in_line(line: int) -> Iterator[None]:
    """Let what is wrong with a value name its line."""
    try:
        yield
    except CertkitError as error:
        raise wrong(line, error.message, error.hint) from None


def _events(text: str) -> Iterator[yaml.Event]:
    # The loader in C is ten times as fast; where PyYAML was built without it, the other one reads the same.
    yield from yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _document(events: Iterator[yaml.Event]) -> Node:
    next(events)  # the stream's start
    if isinstance(next(events), yaml.StreamEndEvent):
        return Text(1, "", plain=True)
    found = _node(next(events), events, 1)
    next(events)  # the document's end
    following = next(events)
    if not isinstance(following, yaml.StreamEndEvent):
        raise wrong(_line(following), "a second document begins here", "Make it one: remove the line ---.")
    return found


def _node(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
    line = _line(event)
    if isinstance(event, yaml.AliasEvent):
        raise wrong(line, f"*{event.anchor} stands for something else", "Write out what it stands for.")
    tag = getattr(event, "tag", None)
    if tag not in {None, "!"}:
        raise wrong(line, f"the tag {tag} has no place here", "Leave it out.")
    if isinstance(event, yaml.ScalarEvent):
        return Text(line, event.value, plain=event.style in {None, ""})
    if depth > _DEEPEST:
        raise wrong(line, "nothing is nested so deeply in a roster", "Look at the example in its help.")
    if isinstance(event, yaml.SequenceStartEvent):
        return Items(line, [_node(each, events, depth + 1) for each in _until(events, yaml.SequenceEndEvent)])
    return Entries(line, _entries(events, depth))


def _entries(events: Iterator[yaml.Event], depth: int) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for event in _until(events, yaml.MappingEndEvent):
        key = _node(event, events, depth + 1)
        if not isinstance(key, Text) or (key.plain and not key.value):
            raise wrong(key.line, "a text must stand before the colon", "Write a name, or a key, there.")
        if key.value in found:
            problem = f"{key.value} is in line {found[key.value].line} already"
            raise wrong(key.line, problem, "Keep one of the two.")
        found[key.value] = Entry(key.line, _node(next(events), events, depth + 1))
    return found


def _until(events: Iterator[yaml.Event], end: type[yaml.Event]) -> Iterator[yaml.Event]:
    for event in events:
        if isinstance(event, end):
            return
        yield event


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
