"""The two rules of a rotation, step by step; tests/trust/test_rotation_story.py lets them loose on whole teams."""

import itertools

import pytest

from certkit.errors import InvalidError, RefusedError
from certkit.trust.rotation import (
    Party,
    Rotation,
    Stage,
    after,
    common_name,
    compromised,
    known_to_trust,
    locked_out,
    take,
)

SETTLED = Rotation()
PREPARED = after(SETTLED, "prepare")
SWITCHED = after(PREPARED, "switch")
RETIRED = after(SWITCHED, "retire")


def party(name: str, *generations: int) -> Party[str]:
    return Party(name, frozenset(generations))


@pytest.mark.parametrize(
    ("rotation", "issuing", "trusted", "steps"),
    [
        (SETTLED, 1, (1,), ("prepare",)),
        (PREPARED, 1, (1, 2), ("switch", "rollback")),
        (SWITCHED, 2, (1, 2), ("retire", "rollback")),
        (RETIRED, 2, (2,), ("prepare", "rollback")),
    ],
)
def test_each_stage_says_who_signs_who_is_trusted_and_what_comes_next(
    rotation: Rotation, issuing: int, trusted: tuple[int, ...], steps: tuple[str, ...]
) -> None:
    assert (rotation.issuing, rotation.trusted, rotation.steps) == (issuing, trusted, steps)


def test_every_step_can_be_rolled_back_to_where_it_came_from_but_no_generation_is_made_twice() -> None:
    assert after(RETIRED, "rollback") == SWITCHED
    assert after(SWITCHED, "rollback") == PREPARED
    undone = after(PREPARED, "rollback")
    assert (undone.stage, undone.trusted, undone.new) == (Stage.SETTLED, (1,), None)
    assert after(undone, "prepare").new == 3


def test_the_next_rotation_starts_from_the_new_one_and_forgets_the_retired() -> None:
    assert after(RETIRED, "prepare") == Rotation(Stage.PREPARED, old=2, new=3, last=3)


@pytest.mark.parametrize(
    ("rotation", "step"),
    [(SETTLED, "switch"), (SETTLED, "retire"), (SETTLED, "rollback"), (PREPARED, "prepare"), (RETIRED, "switch")],
)
def test_a_step_out_of_turn_is_refused_with_those_that_can_be_taken(rotation: Rotation, step: str) -> None:
    with pytest.raises(InvalidError) as refused:
        after(rotation, step)  # type: ignore[arg-type]
    assert all(each in refused.value.hint for each in rotation.steps)


def test_nothing_is_signed_by_the_new_one_while_a_verifier_lacks_it() -> None:
    behind, ready = party("build", 1), party("arm", 1, 2)
    with pytest.raises(RefusedError, match=r"switch now would lock out build$"):
        take(PREPARED, "switch", verifiers=[behind, ready], holders=[])
    assert take(PREPARED, "switch", verifiers=[ready], holders=[]) == SWITCHED


def test_nothing_is_dropped_while_a_holder_may_depend_on_it() -> None:
    old, both, new = party("al", 1), party("bo", 1, 2), party("cy", 2)
    with pytest.raises(RefusedError, match=r"retire now would lock out al, bo$"):
        take(SWITCHED, "retire", verifiers=[], holders=[new, both, old])
    assert take(SWITCHED, "retire", verifiers=[], holders=[new]) == RETIRED


def test_a_rollback_is_held_to_the_same_rules() -> None:
    with pytest.raises(RefusedError, match="al"):
        take(PREPARED, "rollback", verifiers=[], holders=[party("al", 2)])
    with pytest.raises(RefusedError, match="build"):
        take(SWITCHED, "rollback", verifiers=[party("build", 2)], holders=[])
    assert take(RETIRED, "rollback", verifiers=[party("build", 2)], holders=[party("al", 2)]) == SWITCHED


def test_force_goes_on_without_them() -> None:
    assert take(PREPARED, "switch", verifiers=[party("build", 1)], holders=[], force=True) == SWITCHED


def test_a_long_list_of_whom_is_cut_and_counted() -> None:
    many = [party(f"p{n:02}", 1) for n in range(13)]
    with pytest.raises(RefusedError, match=r"p00, .*p09 and 3 more$"):
        take(SWITCHED, "retire", verifiers=[], holders=many)


def test_a_holder_whose_authority_went_long_ago_blocks_nothing_any_more() -> None:
    again = after(after(RETIRED, "prepare"), "switch")
    assert locked_out(again, after(again, "retire"), verifiers=[], holders=[party("al", 1)]) == []


@pytest.mark.parametrize(("rotation", "leaked"), [(SETTLED, 1), (PREPARED, 1), (SWITCHED, 1), (RETIRED, 2)])
def test_a_leaked_authority_is_trusted_no_more_at_once_and_for_good(rotation: Rotation, leaked: int) -> None:
    later = compromised(rotation)
    assert leaked not in (*later.trusted, later.old, later.new, later.issuing)
    assert later.steps == ("prepare",)
    assert later.issuing == (rotation.new if rotation.stage in ("prepared", "switched") else rotation.last + 1)


def test_a_leaked_authority_says_who_must_get_a_new_one() -> None:
    people = [party("al", 1), party("bo", 1, 2), party("cy", 2)]
    assert locked_out(SWITCHED, compromised(SWITCHED), verifiers=[], holders=people) == ["al", "bo"]
    assert locked_out(SETTLED, compromised(SETTLED), verifiers=[party("build", 1)], holders=[]) == ["build"]


def test_generations_have_names_of_their_own_and_the_first_has_the_plain_one() -> None:
    assert common_name("acme", "client", 1) == "acme client authority"
    generations = itertools.product(("client", "server"), range(1, 5))
    assert len({common_name("acme", role, number) for role, number in generations}) == 8  # type: ignore[arg-type]


def test_what_a_daemon_surely_trusts_is_what_all_anchors_since_the_proven_ones_have_in_common() -> None:
    anchors = [{1}, {1, 2}, {2}, {1, 2}]
    assert known_to_trust(anchors[3:]) == {1, 2}
    assert known_to_trust(anchors[1:]) == {2}
    assert known_to_trust(anchors) == known_to_trust([]) == set()
