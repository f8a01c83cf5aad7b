"""The `global` section of a client's configuration, found in its text and fit to be edited or refused with the line."""

from functools import cached_property

from yaml.events import AliasEvent, Event, NodeEvent, ScalarEvent

from certkit.earthly.yaml_positions import Entry, Node, malformed, parse, pieces, unsafe

_STRING_TAGS = (None, "!", "tag:yaml.org,2002:str")

Signature = tuple[object, ...]


class Source(str):
    """A value just as it is written in a file, quotes and all."""

    __slots__ = ()


Value = str | bool | Source | None
"""What a key is to say; None for no such key."""


class Section:
    """The section, if there is one, with the text around it.

    Raises MalformedError for what is not YAML or not a configuration, RefusedError for what cannot be edited safely,
    both with the line.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.document = parse(text)
        if self.root and not self.root.is_mapping and not self.root.is_null:
            raise malformed(self.root.line, "the file is not a mapping of keys to values", "client-config-malformed")
        self.entry = _only(self.root, "global")
        self._refuse_what_is_elsewhere()

    @property
    def root(self) -> Node | None:
        """What the whole file holds."""
        return self.document.root

    @property
    def value(self) -> Node | None:
        """The mapping, or the null, under `global`."""
        return self.entry.value if self.entry else None

    @cached_property
    def entries(self) -> list[Entry]:
        """The entries of the section, in their order."""
        return self.value.entries if self.value else []

    def get(self, key: str) -> Entry | None:
        """Return the entry of a key; raise RefusedError if it is there twice, or not a single value."""
        entry = _only(self.value, key)
        if entry and not isinstance(entry.value.first, ScalarEvent | AliasEvent):
            raise unsafe(entry.value.line, f"{key} is not a single value")
        return entry

    def line_of(self, key: str) -> int:
        """Return the line of a key, else of `global`, else that where the content begins."""
        entry = self.get(key) or self.entry
        first = entry.key if entry else self.root
        return first.line if first else 1

    def source(self, key: str) -> Source | None:
        """Return a value as it is written."""
        entry = self.get(key)
        return Source("".join(self.text[a:b] for a, b in pieces(self.text, entry.value))) if entry else None

    def says(self, key: str, value: Value) -> bool:
        """Tell whether a key has a value, however it is written; a Source is compared as it is written."""
        entry = self.get(key)
        if entry is None or value is None:
            return entry is None and value is None
        if isinstance(value, Source):
            return self.source(key) == value
        event = entry.value.first
        if not isinstance(event, ScalarEvent):
            return False
        if isinstance(value, bool):
            return bool(event.implicit[0]) and event.tag is None and event.value.lower() == str(value).lower()
        return event.tag in _STRING_TAGS and event.value == value

    def refuse_shared(self, node: Node, what: str) -> None:
        """Raise RefusedError if something else in the file refers to a node by its anchor."""
        if not isinstance(node.first, AliasEvent) and node.first.anchor in self.document.aliases:
            raise unsafe(node.line, f"{what} is used elsewhere in the file, as *{node.first.anchor}")

    def signature_without(self, key: str) -> Signature:
        """Return all that the file says but for one key of the section, comparable; an empty section says nothing."""
        root = self.root.entries if self.root else []
        around = [_signature(entry) for entry in root if entry is not self.entry]
        inside = [_signature(entry) for entry in self.entries if entry.key.text != key]
        names = [(node.first.anchor, node.tag) for node in (self.root, self.value) if node and node.is_mapping]
        place = root.index(self.entry) if self.entry and inside else -1
        return (around, inside, [name for name in names if any(name)], place)

    def _refuse_what_is_elsewhere(self) -> None:
        """Refuse a section that is not written where it is used, or is used in other places too."""
        if self.root:
            self.refuse_shared(self.root, "the whole file")
            merges = [entry for entry in self.root.entries if entry.key.text == "<<"]
            if merges and self.entry is None:
                raise unsafe(merges[0].key.line, "global may come from what is merged here")
        if self.value:
            self.refuse_shared(self.value, "global")
            if isinstance(self.value.first, AliasEvent):
                raise unsafe(self.value.line, "global is written elsewhere in the file")
            if not self.value.is_mapping and not self.value.is_null:
                raise malformed(self.value.line, "global is not a mapping of keys to values", "client-config-malformed")


def _only(mapping: Node | None, key: str) -> Entry | None:
    """Return the one entry of a key; raise RefusedError where it is there twice, or may be."""
    found = None
    for entry in mapping.entries if mapping else []:
        if isinstance(entry.key.first, AliasEvent):
            raise unsafe(entry.key.line, "a key is written elsewhere in the file")
        if entry.key.text == key:
            if found:
                raise unsafe(entry.key.line, f"{key} is there twice")
            found = entry
    return found


def _signature(entry: Entry) -> list[Signature]:
    return [_event_signature(event) for node in (entry.key, entry.value) for event in node.events]


def _event_signature(event: Event) -> Signature:
    anchor = event.anchor if isinstance(event, NodeEvent) else None
    if not isinstance(event, ScalarEvent):
        return (type(event), anchor, getattr(event, "tag", None))
    return (type(event), anchor, event.tag, event.value, event.implicit)
