"""A roster: the people, devices, daemons, leads and policy of a team as a file under version control.

    team: acme
    policy: {device_days: 90}
    daemons:
      build: {url: tcp://build.acme.example:8372, san: [10.0.0.5]}
    people:
      alice@acme.example:
      ci: [github, nightly]
    leads: [alice@acme.example]

A part that is left out is nobody's matter here; one that is there names everything of its kind.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from certkit.authority import daemons, settings
from certkit.authority.daemons import Said
from certkit.authority.roster_yaml import Entries, Entry, Items, Node, Text, in_line, read, wrong
from certkit.earthly.address import Address, parse_shared
from certkit.pki import names

_DAYS = re.compile("[0-9]{1,9}", re.ASCII)
_DAEMON = ("url", "san")
SAID = {"as": "kind", "flavour": "flavour", "certs": "directory", "service": "service", "ssh": "ssh"}
"""How a daemon runs, by the names of the options that say it elsewhere."""


class ListedDaemon(NamedTuple):
    """A daemon in a roster; `hosts` are all names and addresses of its certificate, the URL's host first."""

    line: int
    name: str
    address: Address
    hosts: tuple[str, ...]
    said: Said


class ListedDevice(NamedTuple):
    """A device in a roster."""

    line: int
    name: str


class ListedPerson(NamedTuple):
    """Somebody in a roster; without `devices` whichever they have are right, and there must be one."""

    line: int
    name: str
    devices: tuple[ListedDevice, ...]


class Roster(NamedTuple):
    """What a roster says; a part that it leaves out is None."""

    team: str
    policy: Mapping[str, int | str]
    daemons: tuple[ListedDaemon, ...] | None
    people: tuple[ListedPerson, ...] | None
    leads: tuple[ListedPerson, ...] | None = None


def parse(content: bytes) -> Roster:
    """Read a roster; raise MalformedError, with the line, for the first thing that is wrong with it."""
    found = read(content)
    if not isinstance(found, Entries):
        raise wrong(found.line, "a roster begins with the name of its team", "Write there: team: acme")
    parts = _fields(found, ("team", "policy", "daemons", "people", "leads"))
    if "team" not in parts:
        raise wrong(found.line, "it does not say whose roster it is", "Write there: team: NAME")
    team = _text(parts["team"], "the name of a team")
    policy = {key: _setting(key, entry) for key, entry in _mapping(parts.get("policy"), "settings").items()}
    listed = {key: _mapping(parts[key], key) for key in ("daemons", "people") if key in parts}
    daemon_entries, person_entries = listed.get("daemons"), listed.get("people")
    return Roster(
        team,
        policy,
        None if daemon_entries is None else _daemons(daemon_entries),
        None if person_entries is None else _people(person_entries),
        _leads(parts["leads"]) if "leads" in parts else None,
    )


def _fields(found: Entries, known: tuple[str, ...]) -> dict[str, Entry]:
    for key, entry in found.values.items():
        if key not in known:
            raise wrong(entry.line, f"there is no {key!r} here", f"Here may be {', '.join(known)}.")
    return found.values


def _mapping(entry: Entry | None, what: str) -> dict[str, Entry]:
    """Return the entries of a part, which has some if it is there at all."""
    if entry is None:
        return {}
    found = entry.value
    if isinstance(found, Entries) and found.values:
        return found.values
    if isinstance(found, Items):
        raise wrong(found.line, f"{what} are no list here", "Write each without a dash, and with a colon behind it.")
    raise wrong(entry.line, f"there are no {what} in it", "Leave the line out: what is not here is left alone.")


def _setting(key: str, entry: Entry) -> int | str:
    text = _text(entry, "a value")
    value = int(text) if _DAYS.fullmatch(text) and _is_plain(entry.value) else text
    settings.check(f"line {entry.line}", key, value, settings.POLICY)
    return value


def _is_plain(node: Node) -> bool:
    return isinstance(node, Text) and node.plain


def _daemons(entries: Mapping[str, Entry]) -> tuple[ListedDaemon, ...]:
    found: list[ListedDaemon] = []
    for name, entry in entries.items():
        each = _daemon(name, entry)
        other = next((known for known in found if known.address.url == each.address.url), None)
        if other:
            problem = f"the daemon {other.name} in line {other.line} is at {each.address.url} already"
            raise wrong(each.line, problem, "Two daemons on one host need two ports.")
        found.append(each)
    return tuple(found)


def _daemon(name: str, entry: Entry) -> ListedDaemon:
    values = _of_daemon(name, entry)
    if "url" not in values:
        raise wrong(entry.line, f"the daemon {name} has no URL", "Write below it: url: tcp://HOST:PORT")
    with in_line(entry.line):
        names.slug(name, "daemon")
    with in_line(values["url"].line):
        address = parse_shared(_text(values["url"], "a URL"))
        hosts = list(daemons.host_names([address.host]))
    for each in _texts(values["san"], "names and addresses") if "san" in values else ():
        with in_line(each.line):
            hosts += daemons.host_names([each.value])
    said = {field: _text(values[key], "a text") for key, field in SAID.items() if key in values}
    return ListedDaemon(entry.line, name, address, tuple(dict.fromkeys(hosts)), Said(**said))


def _of_daemon(name: str, entry: Entry) -> Mapping[str, Entry]:
    """Return what is said of a daemon: a URL at least, alone or among other things."""
    if isinstance(entry.value, Entries):
        return _fields(entry.value, (*_DAEMON, *SAID))
    if isinstance(entry.value, Text) and not entry.value.is_nothing:
        return {"url": entry}
    example = f"{name}: tcp://build.acme.example:8372"
    raise wrong(entry.line, f"it says nothing of the daemon {name}", f"Write it so: {example}")


def _people(entries: Mapping[str, Entry]) -> tuple[ListedPerson, ...]:
    seen: dict[str, ListedPerson] = {}
    for written, entry in entries.items():
        with in_line(entry.line):
            name = names.text(written, "person")
        each = ListedPerson(entry.line, name, _devices(entry))
        first = seen.setdefault(names.folded(name), each)
        if first is not each:
            raise wrong(each.line, f"{name} is in line {first.line} already", "Keep one of the two.")
    return tuple(seen.values())


def _leads(entry: Entry) -> tuple[ListedPerson, ...]:
    seen: dict[str, ListedPerson] = {}
    for text in _texts(entry, "people"):
        with in_line(text.line):
            each = ListedPerson(text.line, names.text(text.value, "person"), ())
        first = seen.setdefault(names.folded(each.name), each)
        if first is not each:
            raise wrong(each.line, f"the lead {each.name} is in line {first.line} already", "Keep one of the two.")
    return tuple(seen.values())


def _devices(entry: Entry) -> tuple[ListedDevice, ...]:
    if isinstance(entry.value, Text) and entry.value.is_nothing:
        return ()
    seen: dict[str, ListedDevice] = {}
    for text in _texts(entry, "devices"):
        with in_line(text.line):
            each = ListedDevice(text.line, names.text(text.value, "device"))
        first = seen.setdefault(names.folded(each.name), each)
        if first is not each:
            raise wrong(each.line, f"the device {each.name} is in line {first.line} already", "Keep one of the two.")
    return tuple(seen.values())


def _text(entry: Entry, what: str) -> str:
    if not isinstance(entry.value, Text) or entry.value.is_nothing:
        raise wrong(entry.line, f"{what} must stand there", "Write it behind the colon.")
    return entry.value.value


def _texts(entry: Entry, what: str) -> tuple[Text, ...]:
    found = entry.value
    if not isinstance(found, Items) or not found.values:
        raise wrong(entry.line, f"a list of {what} must stand there", "Write it as [one, two], or leave it out.")
    for each in found.values:
        if not isinstance(each, Text) or each.is_nothing:
            raise wrong(each.line, f"only {what} may be in that list", "Write one text for each.")
    return tuple(each for each in found.values if isinstance(each, Text))
