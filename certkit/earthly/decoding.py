"""Decode a client's configuration as gopkg.in/yaml.v3 decodes it into Earthly's structs: what it says, what is wrong.

The client decodes the whole file and stops at any fault; here all of them are collected. The rules are those of
yaml.v3's `decode.go`: unknown keys are passed over unread, null leaves the default, and a merge fills what is not set.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from yaml.events import AliasEvent, ScalarEvent, SequenceStartEvent

from certkit.earthly.yaml_positions import Document, Entry, Node
from certkit.earthly.yaml_values import MERGE, NULL, Resolved, UnresolvableError, resolve, short_tag

_MOST_STEPS = 400_000
_FREE_ALIASES, _FREE_STEPS, _MOST_ALIASES = 100, 1000, 0.99
"""From how many steps on yaml.v3 counts, and which part of them may be aliases' (up to _MOST_STEPS)."""


class Fault(NamedTuple):
    """Something that stops the client: on which line, at which key, what it is, and what to write instead."""

    line: int
    key: str
    problem: str
    remedy: str

    @property
    def message(self) -> str:
        """What is wrong, one line."""
        return f"line {self.line}: {self.problem}"


class Scalar(NamedTuple):
    """A value that is one scalar; `read` returns it, or None if it is of another type.

    `denial` says of a value that it is no such thing, and `example` makes a right one out of a wrong one.
    """

    denial: str
    read: Callable[[Resolved, str], object | None]
    example: Callable[[str], str]


class Strings(NamedTuple):
    """A list of texts."""

    element: Scalar
    denial: str
    example: Callable[[str], str]


class Struct(NamedTuple):
    """A mapping of known keys; others are passed over."""

    fields: "Mapping[str, Type]"
    denial: str
    example: Callable[[str], str]


class Table(NamedTuple):
    """A mapping of any keys to structs."""

    struct: Struct
    denial: str
    example: Callable[[str], str]


Type = Scalar | Strings | Struct | Table

_LONGEST_SHOWN = 40

_NOTHING = object()
"""What is decoded from null, or wrongly: it leaves what is there."""


class _StopError(Exception):
    """A fault at which yaml.v3 stops at once."""


@dataclass
class Decoder:
    """Decodes one document; `faults` are what it found wrong, in the order of their lines when all is done."""

    document: Document
    text_key: Scalar
    faults: list[Fault] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    """Where each key with a value stands."""
    _steps: int = 0
    _alias_steps: int = 0
    _active: list[int] = field(default_factory=list)
    _merged: set[str] | None = None

    def decode(self, type_: Struct) -> dict[str, object]:
        """Return what the document says; what is wrong is left out, and among `faults`."""
        found: dict[str, object] = {}
        try:
            if self.document.root:
                self._decode(self.document.root, type_, "", found)
        except _StopError:
            pass
        except RecursionError:
            self._fault(self.document.root, "", "merged too deeply", "Write out what is merged.")
        self.faults.sort(key=lambda fault: fault.line)
        return found

    def _decode(self, node: Node, type_: Type, path: str, into: dict[str, object] | None = None) -> object:
        self._count(node)
        if isinstance(node.first, AliasEvent):
            return self._alias(node, type_, path, into)
        if isinstance(node.first, ScalarEvent):
            return self._scalar(node, node.first, type_, path)
        if isinstance(node.first, SequenceStartEvent):
            return self._sequence(node, type_, path)
        return self._mapping(node, type_, path, into)

    def _count(self, node: Node) -> None:
        self._steps += 1
        self._alias_steps += bool(self._active)
        is_counted = self._alias_steps > _FREE_ALIASES and self._steps > _FREE_STEPS
        if self._steps > _MOST_STEPS or (is_counted and self._alias_steps > self._steps * _MOST_ALIASES):
            self._stop(node, "", "it consists of too many aliases (*name)", "Write out what they stand for.")

    def _alias(self, node: Node, type_: Type, path: str, into: dict[str, object] | None) -> object:
        if node.start in self._active:
            self._stop(node, path, f"*{node.first.anchor} stands for something that contains it", "Take it out.")
        self._active.append(node.start)
        found = self._decode(self.document.target(node), type_, path, into)
        self._active.pop()
        return found

    def _scalar(self, node: Node, event: ScalarEvent, type_: Type, path: str) -> object:
        try:
            resolved = resolve(event)
        except UnresolvableError as error:
            self._stop(node, path, str(error), "Take the tag out.")
        if resolved.tag == NULL:
            return _NOTHING
        found = type_.read(resolved, event.value) if isinstance(type_, Scalar) else None
        return self._wrong(node, type_, path, _shown(event)) if found is None else found

    def _sequence(self, node: Node, type_: Type, path: str) -> object:
        if not isinstance(type_, Strings):
            return self._wrong(node, type_, path, "a list")
        found = [self._decode(item, type_.element, path) for item in node.items]
        return [item for item in found if item is not _NOTHING]

    def _mapping(self, node: Node, type_: Type, path: str, into: dict[str, object] | None) -> object:
        if self._has_duplicates(node, path):
            return _NOTHING
        if isinstance(type_, Struct | Table):
            into = {} if into is None else into
            self._entries(node, type_, path, into)
            return into
        return self._wrong(node, type_, path, "a mapping")

    def _has_duplicates(self, node: Node, path: str) -> bool:
        """Find equal keys as yaml.v3 does: by what is written, an alias by its name, all lists and mappings alike."""
        seen: dict[tuple[type, str], int] = {}
        found = False
        for entry in node.entries:
            first = entry.key.first
            name = str(first.anchor) if isinstance(first, AliasEvent) else entry.key.text or ""
            if (type(first), name) in seen:
                self._twice(entry, _joined(path, name), seen[type(first), name])
                found = True
            seen.setdefault((type(first), name), entry.key.line)
        return found

    def _twice(self, entry: Entry, key: str, before: int) -> None:
        self._fault(
            entry.key, key, f"{_short(key)} is there twice", f"Take line {before} or line {entry.key.line} out."
        )

    def _entries(self, node: Node, type_: Struct | Table, path: str, into: dict[str, object]) -> None:
        outer, self._merged = self._merged, None
        merge: Entry | None = None
        done: set[str] = set()
        for entry in node.entries:
            if _is_merge(entry.key):
                merge = entry
                continue
            name = self._decode(entry.key, self.text_key, path)
            if not isinstance(name, str):
                continue
            if outer is not None:
                if name in outer:
                    continue
                outer.add(name)
            self._entry(entry, name, type_, path, into, done)
        self._merged = outer
        if merge:
            self._merge(node, merge, type_, path, into)

    def _entry(
        self, entry: Entry, name: str, type_: Struct | Table, path: str, into: dict[str, object], done: set[str]
    ) -> None:
        inner = type_.struct if isinstance(type_, Table) else type_.fields.get(name)
        key = _joined(path, name)
        if inner is None:
            return
        if isinstance(type_, Struct) and name in done:
            self._twice(entry, key, self.lines[key])
            return
        done.add(name)
        self.lines[key] = entry.key.line
        before = into.get(name) if isinstance(type_, Struct) else None
        found = self._decode(entry.value, inner, key, before if isinstance(before, dict) else None)
        if found is not _NOTHING:
            into[name] = found

    def _merge(self, parent: Node, merge: Entry, type_: Struct | Table, path: str, into: dict[str, object]) -> None:
        outer = self._merged
        if outer is None:
            keys = (self._decode(entry.key, self.text_key, path) for entry in parent.entries)
            self._merged = {key for key in keys if isinstance(key, str)}
        value = merge.value
        for source in value.items if isinstance(value.first, SequenceStartEvent) else [value]:
            meant = self.document.target(source) if isinstance(source.first, AliasEvent) else source
            if not meant.is_mapping:
                self._stop(source, path, "what is merged is not a mapping", "Merge a mapping, or take the line out.")
            self._decode(source, type_, path, into)
        self._merged = outer

    def _wrong(self, node: Node, type_: Type, path: str, shown: str) -> object:
        value = type_.example(node.text or "")
        remedy = f"Write it so: {path.rpartition('.')[2]}: {value}" if path else f"Write it so: {value}"
        self._fault(node, path, f"{_short(path) or 'the file'} {type_.denial}: it is {shown}", remedy)
        return _NOTHING

    def _fault(self, node: Node | None, key: str, problem: str, remedy: str) -> None:
        fault = Fault(node.line if node else 1, key, problem, remedy)
        if fault not in self.faults:
            self.faults.append(fault)

    def _stop(self, node: Node, key: str, problem: str, remedy: str) -> None:
        self._fault(node, key, problem, remedy)
        raise _StopError


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _short(key: str) -> str:
    """Name a key as people know it."""
    return key.removeprefix("global.")


def _shown(event: ScalarEvent) -> str:
    text = event.value if len(event.value) <= _LONGEST_SHOWN else event.value[:_LONGEST_SHOWN] + "..."
    return f"the text {text!r}" if event.style else repr(text)


def _is_merge(key: Node) -> bool:
    event = key.first
    if not isinstance(event, ScalarEvent) or event.value != "<<":
        return False
    return short_tag(event.tag) == MERGE if short_tag(event.tag) else event.style is None
