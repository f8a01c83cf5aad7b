"""The canary is out by every publication, the control by none, and nothing else tells the two apart."""

from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from certkit.pki import extensions, keys, names
from certkit.trust import canary
from certkit.trust.canary import Canary
from tests.trust.people import DAY, NOW, TEAM, authority
from tests.trust.test_exclusions import hit

SIGNER = authority("client", 1)
LATER = NOW + 100 * DAY


def test_every_publication_excludes_the_canary_and_all_former_canaries_and_not_the_control() -> None:
    excluded = canary.excluded(TEAM)
    assert hit(canary.name(TEAM), excluded)
    assert hit("1.0.1.0.canary.internal", excluded)
    assert not hit(canary.control_name(TEAM), excluded)


@pytest.mark.parametrize("name", [canary.name, canary.control_name])
def test_both_lie_in_the_teams_domain_with_a_label_too_long_for_a_person(name: object) -> None:
    own, domain = (canary.name if name is canary.name else canary.control_name)(TEAM).split(".", 1)
    assert domain == names.team_name(TEAM)
    assert 27 < len(own) < 64


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_person_and_no_device_is_ever_hit(person: str, device: str) -> None:
    for name in (names.person_name(person, TEAM), names.device_name(device, person, TEAM)):
        assert not hit(name, canary.excluded(TEAM))
        assert not hit(canary.name(TEAM), [name])
        assert not hit(canary.control_name(TEAM), [name])


def test_a_canary_is_a_device_certificate_as_old_as_its_authority_and_as_long_lived() -> None:
    made = canary.make(SIGNER, TEAM)
    own, signed = made.certificate, SIGNER.certificate
    own.verify_directly_issued_by(signed)
    assert keys.matches(made.key, own)
    assert extensions.dns_names(own) == [canary.name(TEAM)]
    assert (own.not_valid_before_utc, own.not_valid_after_utc) == (
        signed.not_valid_before_utc,
        signed.not_valid_after_utc,
    )


def test_the_control_ends_within_minutes_however_old_the_authority_is() -> None:
    own = canary.control(SIGNER, TEAM, LATER).certificate
    assert extensions.dns_names(own) == [canary.control_name(TEAM)]
    assert timedelta(0) < own.not_valid_after_utc - LATER <= timedelta(minutes=15)
    assert own.not_valid_before_utc == SIGNER.certificate.not_valid_before_utc


def test_the_control_differs_from_the_canary_in_its_name_its_key_its_serial_number_and_its_end_alone() -> None:
    def rest(made: Canary) -> list[object]:
        own = made.certificate
        kept = [each for each in own.extensions if each.oid not in (x509.SubjectAlternativeName.oid, SUBJECT_KEY)]
        return [own.subject, own.issuer, own.not_valid_before_utc, own.signature_algorithm_oid, *kept]

    assert rest(canary.make(SIGNER, TEAM)) == rest(canary.control(SIGNER, TEAM, LATER))


def test_neither_key_is_shown() -> None:
    assert "key" not in repr(canary.make(SIGNER, TEAM)) + repr(canary.control(SIGNER, TEAM, LATER))


SUBJECT_KEY = x509.SubjectKeyIdentifier.oid
