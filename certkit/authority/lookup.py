"""Find who is meant by a name; a mistyped one is answered with similar names."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

from certkit.authority.view import View
from certkit.errors import InvalidError, MissingError
from certkit.ledger.interface import Certificate, Device, Person
from certkit.pki import names
from certkit.pki.certificates import serial_text

_FEW = 3
"""Names at most that are suggested for one."""
_SHORTEST_MISTYPED = 4
"""Letters of a name that is long enough for a slip in it to be told from another name."""


class UnknownNameError(MissingError):
    """Nothing is called so; `similar` among its fields are the names that may be meant, or none."""

    code = "name-unknown"

    def __init__(self, message: str, name: str, known: Iterable[str]) -> None:
        similar = _perhaps_meant(name, list(known))
        super().__init__(message, code="name-similar" if similar else "name-unknown", name=name, similar=similar)


def find_person(view: View, name: str) -> Person:
    """Find somebody; raises UnknownNameError, or InvalidError for what can be nobody's name."""
    person = person_called(view, name)
    if person is None:
        name = names.text(name, "person")
        raise UnknownNameError(f"there is nobody called {name!r}", name, view.ledger.names())
    return person


def person_called(view: View, name: str) -> Person | None:
    """Return who bears this name; else whoever has a name that looks like it, and could not be typed; None if nobody.

    A name that is there is not judged again: somebody must be found, to be revoked, whose name could not be given now.
    """
    for spelling in dict.fromkeys(_spellings(name)):
        person = view.ledger.person(spelling)
        if person:
            return person
    person = view.ledger.person_folded(names.folded(name))
    return person if person and _is_hidden_behind(person.name, name) else None


def namesakes(view: View, name: str) -> list[str]:
    """Return who has the same name but for what is behind the @, if nobody has this very name."""
    if person_called(view, name):
        return []
    return _alike_before_at(name, view.ledger.names())


def find_device(view: View, name: str, person: str | None = None) -> Device:
    """Find a device by its name, and by its person where the name is not unique.

    Raises UnknownNameError if there is none, InvalidError if there are several, or for what can be no device's name.
    """
    if person is not None:
        person = find_person(view, person).name
    found = devices_called(view, name, person)
    if not found:
        name = names.text(name, "device")
        known = (each.name for each in view.ledger.devices(person))
        raise UnknownNameError(f"there is no device {name!r}", name, known)
    if len(found) > 1:
        holders = ", ".join(each.person for each in found)
        raise InvalidError(
            f"several people have a device {name!r}: {holders}",
            "Say whose: name the person, too.",
            code="device-ambiguous",
            device=name,
        )
    return found[0]


def devices_called(view: View, name: str, person: str | None) -> list[Device]:
    """Return the devices of this name, or else those with names that look like it, and could not be typed."""
    devices = view.ledger.devices(person)
    for spelling in _spellings(name):
        found = [each for each in devices if each.name == spelling]
        if found:
            return found
    return [each for each in devices if _is_hidden_behind(each.name, name)]


def _spellings(name: str) -> tuple[str, str]:
    """Return a name as it was typed, and in the one form that names are given in."""
    return name, unicodedata.normalize("NFC", name).strip()


def _is_hidden_behind(known: str, name: str) -> bool:
    """Tell whether a name looks like `name` but for what cannot be seen in it: a former certkit let it be given."""
    return not names.is_seen(known) and names.folded(known) == names.folded(name)


def almost(view: View, name: str) -> list[str]:
    """Return the people who may be meant by a name that nobody bears; those who differ behind the @ alone come first.

    The others are one slip of the keyboard away: a letter more, less, other, or two swapped. Names that count, such as
    `ci-1` and `ci-2`, are meant to be alike.
    """
    known, folded = view.ledger.names(), names.folded(name)
    slips = [each for each in known if _is_slip(folded, names.folded(each))]
    return list(dict.fromkeys([*_alike_before_at(name, known), *slips]))


def doubles(view: View, listed: Iterable[str]) -> dict[str, list[str]]:
    """Return whose names those who are new in a list almost have: of people who are there, or earlier in the list.

    That is a slip away, or the same but for what is behind the @.
    """
    people = {names.folded(name): name for name in view.ledger.names()}
    new = {folded: name for name in listed if (folded := names.folded(name)) not in people}
    seen: dict[str, list[str]] = {}
    found: dict[str, list[str]] = {}
    for folded, name in (people | new).items():
        traces = _traces(name)
        if folded in new:
            near = dict.fromkeys(other for trace in traces for other in seen.get(trace, ()))
            if alike := [other for other in near if is_almost(name, other)]:
                found[name] = alike
        for trace in traces:
            seen.setdefault(trace, []).append(name)
    return found


def _traces(name: str) -> set[str]:
    """Return what two names have in common of which one is almost the other: so not each is compared with each.

    Names that count are meant to be alike, so that what is left without one of their digits is nothing in common.
    """
    folded = names.folded(name)
    shorter = (folded[:at] + folded[at + 1 :] for at, char in enumerate(folded) if not char.isdigit())
    return {f"{_before_at(name)}@", folded, *shorter}


def is_almost(one: str, other: str) -> bool:
    """Tell whether two names may be one that was mistyped, or two of one person: all before the @ is the same."""
    return _before_at(one) == _before_at(other) or _is_slip(names.folded(one), names.folded(other))


def _is_slip(one: str, other: str) -> bool:
    if one == other or abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < _SHORTEST_MISTYPED:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    if any(each[:1].isdigit() for each in (a, b)):
        return False
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def serials(text: str) -> list[str]:
    """Return a serial number as the ledger writes it, in every way in which what was pasted can be read.

    OpenSSL prints `serial=5E0C…` or `5e:0c:…`, keychains `5E 0C`, browsers both, Go and Java decimal digits.
    """
    pasted = re.sub(r"(?i)^\s*serial\s*(number)?\s*[=:]?\s*", "", text)
    pasted = re.sub(r"\s*\([^)]*\)\s*$", "", pasted)  # the other notation, as OpenSSL has it behind a short one
    digits = re.sub(r"[\s:]", "", pasted).lower().removeprefix("0x")
    found = [serial_text(int(digits, 16))] if re.fullmatch("[0-9a-f]{1,64}", digits) else []
    if re.fullmatch("[0-9]{1,64}", digits):
        found.append(serial_text(int(digits)))
    return found


def certificate_by_serial(view: View, text: str) -> Certificate | None:
    """Return the certificate of a serial number, in any of the usual spellings; None if there is none."""
    return next(filter(None, map(view.ledger.certificate, serials(text))), None)


def _perhaps_meant(name: str, known: list[str]) -> list[str]:
    """Return the names of which this is a word or all that is before the @, else the one that is most like it."""
    before = _before_at(name)
    if having := [each for each in known if before in {_before_at(each), *re.split(r"[\W_]+", _before_at(each))}]:
        return having[:_FEW]
    folded = {each.casefold(): each for each in known}
    return [folded[close] for close in difflib.get_close_matches(name.casefold(), folded, n=1)]


def _alike_before_at(name: str, known: Iterable[str]) -> list[str]:
    before = _before_at(name)
    return [each for each in known if _before_at(each) == before]


def _before_at(name: str) -> str:
    return name.casefold().partition("@")[0].strip()
