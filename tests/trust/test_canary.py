"""A canary is refused by its own anchors and all later ones, and by none before."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certkit.errors import RefusedError
from certkit.pki import keys
from certkit.trust import canary
from tests.trust.people import NOW, authority
from tests.trust.test_exclusions import hit

NUMBERS = st.integers(1, canary.LIMIT)


@given(NUMBERS, NUMBERS)
@example(1, canary.LIMIT)
@example(canary.LIMIT, 1)
@example(2**15, 2**15 - 1)
def test_anchors_exclude_the_canaries_up_to_their_own_number(bundle: int, number: int) -> None:
    assert hit(canary.name(number), canary.excluded(bundle)) == (number <= bundle)


@given(NUMBERS)
def test_all_former_canaries_are_covered_by_at_most_17_names(bundle: int) -> None:
    assert len(canary.excluded(bundle)) <= 17


@pytest.mark.parametrize("number", [0, -1, canary.LIMIT + 1])
def test_a_number_that_no_anchors_have_is_refused(number: int) -> None:
    with pytest.raises(RefusedError, match="not the number of any anchors"):
        canary.name(number)


def test_a_canary_is_an_ordinary_device_certificate_that_ends_with_its_authority() -> None:
    signer = authority("client", 1)
    made = canary.make(signer, 7, NOW)
    made.certificate.verify_directly_issued_by(signer.certificate)
    assert keys.matches(made.key, made.certificate)
    assert made.certificate.not_valid_after_utc == signer.certificate.not_valid_after_utc


def test_a_canarys_key_is_not_shown() -> None:
    assert "key" not in repr(canary.make(authority("client", 1), 7, NOW))
