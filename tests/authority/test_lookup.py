"""Who may be meant by a name that nobody bears, and which names are almost those of others."""

from types import SimpleNamespace
from typing import Any, cast

from hypothesis import example, given
from hypothesis import strategies as st

from certkit.authority import lookup
from certkit.pki import names

ALIKE = st.from_regex(r"(al|la|dev)[il1]{0,2}[0-2]{0,3}[ce]?(@acme|@akme|)", fullmatch=True)


@given(st.lists(ALIKE, max_size=8), st.lists(ALIKE, max_size=8))
@example(["alice"], ["alcie", "alic", "alicee", "bob"])
@example(["ci-1"], ["ci-2", "ci-12", "ci-11"])
def test_of_many_names_those_are_found_that_are_found_by_comparing_each_with_each(
    known: list[str], listed: list[str]
) -> None:
    ledger = SimpleNamespace(names=lambda: sorted({names.folded(each): each for each in known}.values()))
    found = lookup.doubles(cast("Any", SimpleNamespace(ledger=ledger)), listed)
    people = {names.folded(each): each for each in ledger.names()}
    new = {folded: each for each in listed if (folded := names.folded(each)) not in people}
    before = list(people.values())
    for name in new.values():
        alike = {other for other in before if lookup.is_almost(name, other)}
        assert set(found.get(name, ())) == alike
        before.append(name)
