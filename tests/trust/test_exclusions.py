"""An exclusion hits whom it means, and nobody else; and it does not stay for ever."""

import random
import unicodedata
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from certkit.pki import names
from certkit.trust import anchors
from tests.trust.people import DAY, NOW, TEAM, authority, published

WORDS = st.text(st.sampled_from("aáAlLp.-_ @1|/éß李"), min_size=1, max_size=12) | st.text(min_size=1, max_size=40)
NAMES = WORDS.map(lambda word: unicodedata.normalize("NFC", word))


def hit(dns_name: str, excluded: list[str]) -> bool:
    """Judge as RFC 5280, section 4.2.1.10 has it: a name is within a subtree if labels were added on its left."""
    labels = dns_name.lower().split(".")
    return any(labels[-len(each) :] == each for each in (name.lower().split(".") for name in excluded))


@given(NAMES, NAMES, NAMES)
@example("al", "pal", "laptop")
@example("al", "x.al", "al")
@example("Al", "al", "laptop")
@example("al.team", "al-team", "laptop")
@example("é", "e", "laptop")
def test_a_person_excluded_is_out_with_every_device_and_no_other_person_is(out: str, other: str, device: str) -> None:
    assume(out != other)
    excluded = anchors.exclusions([anchors.ShutOut(names.person_name(out, TEAM), NOW)], NOW)
    assert hit(names.device_name(device, out, TEAM), excluded)
    assert not hit(names.device_name(device, other, TEAM), excluded)


@given(NAMES, NAMES, NAMES, NAMES)
@example("al", "pal", "al", "al")
def test_a_device_excluded_is_out_and_no_other_device_of_anybody_is(
    person: str, other: str, device: str, another: str
) -> None:
    assume(device != another)
    excluded = anchors.exclusions([anchors.ShutOut(names.device_name(device, person, TEAM), NOW)], NOW)
    assert hit(names.device_name(device, person, TEAM), excluded)
    assert not hit(names.device_name(another, person, TEAM), excluded)
    if other != person:
        assert not hit(names.device_name(device, other, TEAM), excluded)


@given(st.lists(st.tuples(NAMES, NAMES, st.booleans()), max_size=8), NAMES, NAMES)
def test_leaving_out_what_lies_below_another_changes_nothing(
    revoked: list[tuple[str, str, bool]], person: str, device: str
) -> None:
    whole = [
        names.person_name(who, TEAM) if everything else names.device_name(which, who, TEAM)
        for who, which, everything in revoked
    ]
    kept = anchors.exclusions([anchors.ShutOut(name, NOW) for name in whole], NOW)
    for name in (*whole, names.device_name(device, person, TEAM)):
        assert hit(name, kept) == hit(name, whole)


@pytest.mark.parametrize("seed", range(3))
def test_a_decade_with_a_thousand_people_leaves_the_file_small(seed: int) -> None:
    """Four in ten leave in a year, with bundles of a year; each leaver is replaced, each departure is a new bundle."""
    chance = random.Random(seed)
    life, weeks = timedelta(days=365), 52 * 10
    people = {f"person{n}@acme.example": NOW + chance.random() * life for n in range(1000)}
    shut_out: list[anchors.ShutOut] = []
    signer, bundles, largest = authority("client", 1), 0, 0
    for week in range(weeks):
        now = NOW + week * 7 * DAY
        people = {name: renewed(expires, now, life) for name, expires in people.items()}
        for name in chance.sample(sorted(people), 8):
            shut_out.append(anchors.ShutOut(names.person_name(name, TEAM), people.pop(name)))
            people[f"person{1000 + bundles}@acme.example"] = now + life
            bundles += 1
        excluded = anchors.exclusions(shut_out, now)
        assert {each.dns_name for each in shut_out if each.expires > now} <= set(excluded)
        largest = max(largest, len(excluded))
    assert bundles == 8 * weeks
    assert largest < 420
    assert len(published([signer], excluded, bundles)) < 32 * 1024


def renewed(expires: datetime, now: datetime, life: timedelta) -> datetime:
    """Renew in time what would end before the next week."""
    return now + life if expires < now + 7 * DAY else expires
