"""The people of a roster and their devices, compared with those of the team."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from certkit.authority import invitations, lookup, undelivered
from certkit.authority.batches import Wanted
from certkit.authority.overview import DeviceState, State, device_states
from certkit.authority.revocation import Subject
from certkit.authority.roster_file import ListedDevice, ListedPerson
from certkit.authority.roster_plan import Act, Change, Kind, Left, PeoplePlan, Spared
from certkit.authority.roster_yaml import wrong
from certkit.authority.view import View
from certkit.ledger.interface import Person
from certkit.pki import names

_MOST_COMPARED = 100_000
"""Pairs of names at most in which a slip of the keyboard is looked for: so many new ones are no slips."""
_UNDELIVERED = "undelivered"


class _Known(NamedTuple):
    """What the team has."""

    people: Mapping[str, Person]
    devices: Mapping[str, Sequence[DeviceState]]
    lost: Collection[str]
    """The serials of certificates that nobody was given."""
    coded: Collection[tuple[str, str | None]]
    """The people and devices for which there is a code that can be used."""

    def own(self, person: str) -> list[DeviceState]:
        """Return somebody's devices that are not revoked, the newest last."""
        found = [each for each in self.devices.get(person, ()) if each.state is not State.REVOKED]
        return sorted(found, key=lambda each: each.since)

    def is_served(self, state: DeviceState) -> bool:
        """Tell whether a device has what it needs: a certificate that it was given, or a code to get one."""
        has_certificate = state.state is State.VALID and state.serial not in self.lost
        return has_certificate or (state.person, state.device) in self.coded

    def lack(self, state: DeviceState) -> str:
        """Return what is the matter with a device that is not served."""
        return _UNDELIVERED if state.serial in self.lost else str(state.state)


def compare(view: View, listed: Sequence[ListedPerson], *, prune: bool) -> PeoplePlan:
    """Return what is to be done about people; raise MalformedError, with the line, for names that cannot be."""
    known = _known(view)
    _check_names(listed, known)
    revoked: list[Subject] = []
    missing: list[Wanted] = []
    changes: list[Change] = []
    left: list[Left] = []
    for subject in _unlisted(listed, known):
        kind = Kind.DEVICE if subject.device else Kind.PERSON
        if prune:
            revoked.append(subject)
            changes.append(Change(Act.REVOKE, kind, subject.person, subject.device))
        else:
            left.append(Left(kind, subject.person, subject.device, Spared.NOT_LISTED))
    for person in listed:
        there = known.people.get(person.name)
        if there and there.revoked:
            left.append(Left(Kind.PERSON, person.name, None, Spared.REVOKED))
            continue
        for device in person.devices or (None,):
            found = _of_device(person.name, device, known)
            if isinstance(found, Left):
                left.append(found)
            elif found:
                changes.append(found)
                missing.append(Wanted(person.name, found.device))
    return PeoplePlan(tuple(revoked), tuple(missing), tuple(changes), tuple(left))


def alike(view: View, listed: Sequence[ListedPerson]) -> list[tuple[str, str]]:
    """Return who is new and almost called like somebody who is not in the roster: one of the two may be mistyped."""
    there, here = {each.name for each in view.ledger.people() if not each.revoked}, {each.name for each in listed}
    new, others = here - there, there - here
    if len(new) * len(others) > _MOST_COMPARED:
        return []
    return [(name, other) for name in sorted(new) for other in sorted(others) if lookup.is_almost(name, other)]


def _known(view: View) -> _Known:
    devices: defaultdict[str, list[DeviceState]] = defaultdict(list)
    for state in device_states(view):
        devices[state.person].append(state)
    return _Known(
        people={each.name: each for each in view.ledger.people()},
        devices=devices,
        lost=frozenset(undelivered.serials(view)),
        coded=frozenset((each.person, each.device) for each in invitations.open_codes(view) if each.person),
    )


def _check_names(listed: Sequence[ListedPerson], known: _Known) -> None:
    """Raise MalformedError for a name that looks like one that is there and is another."""
    folded = {names.folded(name): name for name in known.people}
    for person in listed:
        other = folded.get(names.folded(person.name), person.name)
        if other != person.name:
            raise wrong(person.line, f"the name {person.name} is too similar to {other}, who is there already", _SAME)
        own = {names.folded(each.device): each.device for each in known.devices.get(person.name, ())}
        for device in person.devices:
            other = own.get(names.folded(device.name), device.name)
            if other != device.name:
                raise wrong(device.line, f"{person.name} has a device {other}, too similar to {device.name}", _SAME)


_SAME = "If the two are one, write it as it is there; else choose a name that differs in more than its letters' case."


def _unlisted(listed: Sequence[ListedPerson], known: _Known) -> Iterator[Subject]:
    """Yield who and what may build and is not in the roster: a person without devices there keeps all of theirs."""
    wanted = {each.name: {device.name for device in each.devices} for each in listed}
    for name, person in known.people.items():
        if person.revoked:
            continue
        if name not in wanted:
            yield Subject(name)
        elif wanted[name]:
            yield from (Subject(name, each.device) for each in known.own(name) if each.device not in wanted[name])


def _of_device(person: str, device: ListedDevice | None, known: _Known) -> Change | Left | None:
    """Decide about a device, or about whichever somebody has; return None if there is nothing to do."""
    if device is None:
        return _of_any(person, known)
    state = next((each for each in known.devices.get(person, ()) if each.device == device.name), None)
    if state is None:
        return Change(Act.ADD, Kind.DEVICE, person, device.name)
    if state.state is State.REVOKED:
        return Left(Kind.DEVICE, person, device.name, Spared.REVOKED)
    return None if known.is_served(state) else _again(Kind.DEVICE, state, known)


def _of_any(person: str, known: _Known) -> Change | None:
    own = known.own(person)
    if (person, None) in known.coded or any(map(known.is_served, own)):
        return None
    # The one that was last known goes on, so that a code which nobody used leaves no second device behind.
    return _again(Kind.PERSON, own[-1], known) if own else Change(Act.ADD, Kind.PERSON, person)


def _again(kind: Kind, state: DeviceState, known: _Known) -> Change:
    return Change(Act.CHANGE, kind, state.person, state.device, what="access", former=known.lack(state))
