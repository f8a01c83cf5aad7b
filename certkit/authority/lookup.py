"""Find whom a lead means; what is mistyped is answered with what is there."""

import difflib
from collections.abc import Iterable

from certkit.authority.home import Home
from certkit.errors import InvalidError, MissingError
from certkit.ledger.interface import Device, Person
from certkit.pki import names
from certkit.pki.certificates import serial_text


def find_person(home: Home, name: str) -> Person:
    """Find somebody; raises MissingError, with a name that is alike."""
    name = names.text(name, "person")
    person = home.ledger.person(name)
    if person is None:
        raise MissingError(
            f"there is nobody called {name!r}", alike(name, (each.name for each in home.ledger.people()))
        )
    return person


def find_device(home: Home, name: str, person: str | None = None) -> Device:
    """Find a device by its name, and by its person where the name is not unique.

    Raises MissingError if there is none, InvalidError if there are several.
    """
    name = names.text(name, "device")
    if person is not None:
        person = find_person(home, person).name
    devices = home.ledger.devices(person)
    found = [each for each in devices if each.name == name]
    if not found:
        raise MissingError(f"there is no device {name!r}", alike(name, (each.name for each in devices)))
    if len(found) > 1:
        holders = ", ".join(each.person for each in found)
        raise InvalidError(f"several people have a device {name!r}: {holders}", "Say whose: name the person, too.")
    return found[0]


def alike(name: str, known: Iterable[str]) -> str:
    """Give a remedy for a name that is not there: the most similar one, if any is."""
    folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return f"Did you mean {folded[close[0]]}?" if close else "See who there is: certkit list"


def serial(text: str) -> str:
    """Give a serial number, in any of the usual spellings, as the ledger writes it."""
    try:
        return serial_text(int(text.replace(":", ""), 16))
    except ValueError:
        return text
