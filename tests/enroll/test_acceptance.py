"""What may take the place of an enrollment without --force, and what somebody could make up to build elsewhere."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from certkit.enroll.bundle import Bundle, Daemon
from certkit.errors import RefusedError
from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from tests.enroll.conftest import DECADE, NOW, Team
from tests.enroll.laptops import Laptop

ELSEWHERE = (Daemon("build", "tcp://mallory.example:8372"),)


@pytest.fixture
def alice(tmp_path: Path, team: Team) -> Laptop:
    return Laptop(tmp_path / "alice")


@pytest.fixture
def mallory() -> Authority:
    return certificates.authority(KeySigner(keys.generate("p256")), "acme server authority", NOW, DECADE)


def signed_later(bundle: Bundle, signer: Authority) -> Bundle:
    """Give a bundle for the same device whose certificate ends a day later."""
    key = keys.generate("p256")
    name = names.device_name(bundle.device, bundle.person, bundle.team)
    life = timedelta(days=366)
    device = certificates.device(signer, key.public_key(), person=bundle.person, dns_name=name, now=NOW, life=life)
    return replace(bundle, certificate=certificates.to_pem(device), key=keys.to_pem(key))


def test_a_later_certificate_of_the_same_holder_renews(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    later = signed_later(team.bundle(), team.client)
    [step] = alice.enroll(later)
    assert step.renews
    assert (alice.folder("acme") / "key.pem").read_bytes() == later.key


def test_an_authority_beside_the_teams_own_is_not_slipped_in(alice: Laptop, team: Team, mallory: Authority) -> None:
    alice.enroll(team.bundle())
    before = alice.everything()
    authorities = (*team.bundle().server_authorities, certificates.to_pem(mallory.certificate))
    made_up = replace(signed_later(team.bundle(), mallory), server_authorities=authorities, daemons=ELSEWHERE)
    with pytest.raises(RefusedError, match="which had other authorities"):
        alice.enroll(made_up)
    assert alice.everything() == before


def test_nor_with_the_certificate_that_the_laptop_has(alice: Laptop, team: Team, mallory: Authority) -> None:
    bundle = team.bundle()
    alice.enroll(bundle)
    before = alice.everything()
    others = (certificates.to_pem(mallory.certificate),)
    with pytest.raises(RefusedError, match="which had other authorities"):
        alice.enroll(replace(bundle, server_authorities=others, daemons=ELSEWHERE))
    assert alice.everything() == before


def test_a_damaged_authority_is_put_back_by_the_bundle_that_was_enrolled(alice: Laptop, team: Team) -> None:
    bundle = team.bundle()
    alice.enroll(bundle)
    (alice.folder("acme") / "ca.pem").write_bytes(b"")
    alice.enroll(bundle)
    assert (alice.folder("acme") / "ca.pem").read_bytes() == b"".join(bundle.server_authorities)
