"""Find who is meant by a name; a mistyped one is answered with similar names."""

import difflib
from collections.abc import Iterable

from certkit.authority.view import View
from certkit.errors import InvalidError, MissingError
from certkit.ledger.interface import Device, Person
from certkit.pki import names
from certkit.pki.certificates import serial_text


class UnknownNameError(MissingError):
    """Nothing is called so; `similar` among its fields is the most similar name there is, or None."""

    code = "name-unknown"

    def __init__(self, message: str, name: str, known: Iterable[str]) -> None:
        similar = _most_similar(name, known)
        super().__init__(message, code="name-similar" if similar else "name-unknown", name=name, similar=similar)


def find_person(view: View, name: str) -> Person:
    """Find somebody; raises UnknownNameError."""
    name = names.text(name, "person")
    person = view.ledger.person(name)
    if person is None:
        raise UnknownNameError(f"there is nobody called {name!r}", name, (each.name for each in view.ledger.people()))
    return person


def find_device(view: View, name: str, person: str | None = None) -> Device:
    """Find a device by its name, and by its person where the name is not unique.

    Raises UnknownNameError if there is none, InvalidError if there are several.
    """
    name = names.text(name, "device")
    if person is not None:
        person = find_person(view, person).name
    devices = view.ledger.devices(person)
    found = [each for each in devices if each.name == name]
    if not found:
        raise UnknownNameError(f"there is no device {name!r}", name, (each.name for each in devices))
    if len(found) > 1:
        holders = ", ".join(each.person for each in found)
        raise InvalidError(
            f"several people have a device {name!r}: {holders}",
            "Say whose: name the person, too.",
            code="device-ambiguous",
            device=name,
        )
    return found[0]


def serial(text: str) -> str:
    """Return a serial number, in any of the usual spellings, as the ledger writes it."""
    try:
        return serial_text(int(text.replace(":", ""), 16))
    except ValueError:
        return text


def _most_similar(name: str, known: Iterable[str]) -> str | None:
    folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None
