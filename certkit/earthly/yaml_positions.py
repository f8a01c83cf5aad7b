"""Where things stand in a YAML text: PyYAML's events, and the places at which the text can be cut.

Events rather than nodes: they keep aliases apart from what they mean, so nothing is ever expanded, and PyYAML gives
them one after the other without recursion. All positions count characters.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, cast

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from certkit.earthly.yaml_scanner import SUPPORTED, Loader
from certkit.errors import MalformedError, RefusedError

BREAKS = "\r\n\x85\u2028\u2029"
"""What ends a line in YAML 1.1, which PyYAML and Earthly's parser follow."""

DEEPEST = 200
"""Levels of nesting that are read, of the 10,000 that Earthly's parser reads."""

_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT = re.compile(r"[ \t]+#")
_NULLS = ("", "~", "null", "Null", "NULL")
_MORE_PLAINLY = "Write that part of the file more plainly, and run this again."

BY_HAND = "Correct it by hand; Earthly cannot read it either."


class NotYamlError(MalformedError):
    """The file is not YAML, as the client's parser has it."""

    code = "client-config-not-yaml"


@dataclass(frozen=True)
class Node:
    """A key or a value with all that it contains."""

    events: tuple[Event, ...]

    @property
    def first(self) -> NodeEvent:
        """The event with the properties: anchor, tag, style."""
        return cast("NodeEvent", self.events[0])

    @property
    def start(self) -> int:
        """Where it begins, its anchor and tag included."""
        return _begin(self.first)

    @property
    def opened(self) -> int:
        """Where a collection in flow style has been opened, past its bracket."""
        return _end(self.first)

    @property
    def column(self) -> int:
        """The column in which it begins, from 0."""
        return cast("yaml.Mark", self.first.start_mark).column

    @property
    def line(self) -> int:
        """The line on which it begins, from 1."""
        return _line(self.first)

    @cached_property
    def end(self) -> int:
        """Where its text ends; PyYAML's own mark at the end of a block mapping stands past comments."""
        return max(
            _end(event)
            for event in self.events
            if not isinstance(event, CollectionEndEvent) or _end(event) > _begin(event)
        )

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping, in block or flow style."""
        return isinstance(self.first, MappingStartEvent)

    @property
    def is_flow(self) -> bool:
        """Whether it is a mapping or sequence in flow style, as in JSON."""
        return isinstance(self.first, CollectionStartEvent) and bool(self.first.flow_style)

    @property
    def is_null(self) -> bool:
        """Whether it is nothing, or says so, and has neither anchor nor tag."""
        event = self.first
        if not isinstance(event, ScalarEvent) or event.anchor or event.tag:
            return False
        return bool(event.implicit[0]) and event.value in _NULLS

    @property
    def tag(self) -> str | None:
        """The tag as it is written, None without one."""
        return self.first.tag if isinstance(self.first, ScalarEvent | CollectionStartEvent) else None

    @property
    def text(self) -> str | None:
        """The value of a scalar; None for an alias or a collection."""
        return str(self.first.value) if isinstance(self.first, ScalarEvent) else None

    @property
    def scalars(self) -> list[tuple[int, str]]:
        """Every scalar in it, keys and values alike, each with its line."""
        return [(_line(event), event.value) for event in self.events if isinstance(event, ScalarEvent)]

    @cached_property
    def items(self) -> list["Node"]:
        """The items of a sequence in their order; none of anything else."""
        return list(_nodes(self.events[1:-1])) if isinstance(self.first, SequenceStartEvent) else []

    @cached_property
    def entries(self) -> list["Entry"]:
        """The entries of a mapping in their order; none of anything else."""
        nodes = iter(_nodes(self.events[1:-1])) if self.is_mapping else iter(())
        return [Entry(key, value) for key, value in zip(nodes, nodes, strict=True)]


class Entry(NamedTuple):
    """A key with its value."""

    key: Node
    value: Node


class Document(NamedTuple):
    """The first document of a text, the only one that the client reads; `root` is None where there is none.

    `end` is where more can be appended to it, `aliases` the anchors that something refers to. `directives` is the line
    of a `%YAML` directive with a version that the client refuses, None if there is none.
    """

    root: Node | None
    end: int
    aliases: frozenset[str]
    events: Sequence[Event]
    places: Mapping[int, int]
    """By the position of each alias, which event what it stands for begins with."""
    directives: int | None = None

    def target(self, alias: Node) -> Node:
        """Return what an alias stands for."""
        place = self.places[alias.start]
        return next(_nodes(self.events[at] for at in range(place, len(self.events))))


def parse(text: str) -> Document:
    """Read the first document of a text, by the rules of the client's parser.

    Raises NotYamlError, with the line, for what is not YAML to it, and RefusedError for what is nested too deeply for
    certkit.
    """
    inner = text.find("\ufeff", 1)
    if inner > 0:  # neither parser knows what to do with it, each in its own way
        line = 1 + len(_BREAK.findall(text[:inner]))
        raise _unread(line, "it has a byte order mark inside", "client-config-byte-order-mark")
    try:
        return _document(text, yaml.parse(text, Loader=Loader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise not_yaml(line, str(error.problem)) from None
    except yaml.reader.ReaderError as error:
        raise not_yaml(1 + len(_BREAK.findall(text[: error.position])), "it has a control character") from None


def unsafe(line: int, why: str, hint: str = _MORE_PLAINLY) -> RefusedError:
    """Make the refusal to edit what stands on a line."""
    message = f"line {line}: certkit cannot edit this safely: {why}"
    return RefusedError(message, hint, code="client-config-unsafe-to-edit", line=line)


def _unread(line: int, what: str, code: str) -> RefusedError:
    """Make the refusal to read what the client may read."""
    return RefusedError(f"line {line}: {what}, which certkit does not read", _MORE_PLAINLY, code=code, line=line)


def not_yaml(line: int, problem: str) -> NotYamlError:
    """Make the error for what the client's parser refuses."""
    return NotYamlError(f"line {line}: not YAML: {problem}", BY_HAND, line=line)


def malformed(line: int, problem: str, code: str, hint: str = BY_HAND) -> MalformedError:
    """Make the error for what is wrong on a line."""
    return MalformedError(f"line {line}: {problem}", hint, code=code, line=line)


def line_start(text: str, position: int) -> int:
    """Return where the line of a position begins, behind a byte order mark."""
    start = max(text.rfind(mark, 0, position) for mark in BREAKS) + 1
    return start + text.startswith("\ufeff", start) if start == 0 else start


def line_end(text: str, position: int) -> tuple[int, int]:
    """Return where the line of a position ends and where the next begins; the same on a last, unfinished line."""
    found = _BREAK.search(text, position)
    return found.span() if found else (len(text), len(text))


def line_break(text: str) -> str:
    """Return the line end that a text uses, by its first."""
    found = _BREAK.search(text)
    return found.group() if found else "\n"


def pieces(text: str, node: Node) -> list[tuple[int, int]]:
    """Return the one or two stretches that are a value.

    There are two where a comment stands behind the head of a block scalar (`|`, `>`). Blank lines
    at the end of a block scalar are not counted to it, so they stay whatever becomes of it.
    """
    if not isinstance(node.first, ScalarEvent) or node.first.style not in ("|", ">"):
        return [(node.start, node.end)]
    head_end, _ = line_end(text, node.start)
    body = text[head_end : node.end].rstrip(" \t" + BREAKS)
    body_end = line_end(text, head_end + len(body))[0] if body else head_end
    comment = _COMMENT.search(text, node.start, head_end)
    if comment is None:
        return [(node.start, body_end)]
    return [(node.start, comment.start()), (head_end, body_end)]


def _document(text: str, events: Iterable[Event]) -> Document:
    inside: list[Event] = []
    end, depth, directives = len(text), 0, None
    anchors: dict[str, int] = {}
    aliases: set[str] = set()
    places: dict[int, int] = {}
    for event in events:
        line = _line(event)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            raise _unread(line, f"nested more than {DEEPEST} levels deep", "client-config-nested-too-deeply")
        if isinstance(event, DocumentStartEvent) and event.version not in (None, SUPPORTED):
            directives = line
        elif isinstance(event, DocumentEndEvent):
            end = _begin(event)
            break
        elif isinstance(event, AliasEvent):
            if event.anchor not in anchors:
                raise not_yaml(line, f"nothing is called &{event.anchor}")
            aliases.add(event.anchor)
            places[_begin(event)] = anchors[event.anchor]
        elif isinstance(event, NodeEvent) and event.anchor:
            anchors[event.anchor] = len(inside)
        if isinstance(event, NodeEvent | CollectionEndEvent):
            inside.append(event)
    return Document(next(_nodes(inside), None), end, frozenset(aliases), inside, places, directives)


def _nodes(events: Iterable[Event]) -> Iterator[Node]:
    """Cut a row of events into the nodes that they make."""
    current: list[Event] = []
    depth = 0
    for event in events:
        current.append(event)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth == 0:
            yield Node(tuple(current))
            current = []


def _begin(event: Event) -> int:
    return cast("yaml.Mark", event.start_mark).index


def _end(event: Event) -> int:
    return cast("yaml.Mark", event.end_mark).index


def _line(event: Event) -> int:
    return cast("yaml.Mark", event.start_mark).line + 1
