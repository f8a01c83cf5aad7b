"""What may take the place of an enrollment without --force, and what somebody could make up to build elsewhere."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from certkit.enroll.bundle import Bundle, Daemon
from certkit.enroll.replacement import Warrant
from certkit.errors import RefusedError
from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from tests.enroll.conftest import DECADE, NOW, Team
from tests.enroll.laptops import Laptop

ELSEWHERE = (Daemon("build", "tcp://mallory.example:8372"),)
SECOND = (Daemon("second", "tcp://mallory.example:8372"),)


@pytest.fixture
def alice(tmp_path: Path, team: Team) -> Laptop:
    return Laptop(tmp_path / "alice")


@pytest.fixture
def mallory() -> Authority:
    return certificates.authority(KeySigner(keys.generate("p256")), "acme server authority", NOW, DECADE)


def signed_later(bundle: Bundle, signer: Authority) -> Bundle:
    """Return a bundle for the same device whose certificate ends a day later."""
    key = keys.generate("p256")
    name = names.device_name(bundle.device, bundle.person, bundle.team)
    life = timedelta(days=366)
    device = certificates.device(signer, key.public_key(), person=bundle.person, dns_name=name, now=NOW, life=life)
    return replace(bundle, certificate=device, key=key)


def test_a_later_certificate_of_the_same_holder_renews(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    later = signed_later(team.bundle(), team.client)
    [step] = alice.enroll(later, Warrant.PASSPHRASE)
    assert step.renews
    assert (alice.folder("acme") / "key.pem").read_bytes() == later.files()["key.pem"]


def test_an_authority_beside_the_teams_own_is_not_slipped_in(alice: Laptop, team: Team, mallory: Authority) -> None:
    alice.enroll(team.bundle())
    before = alice.everything()
    authorities = (*team.bundle().server_authorities, mallory.certificate)
    made_up = replace(signed_later(team.bundle(), mallory), server_authorities=authorities, daemons=ELSEWHERE)
    with pytest.raises(RefusedError, match="which had other authorities"):
        alice.enroll(made_up, Warrant.PASSPHRASE)
    assert alice.everything() == before


def test_nor_with_the_certificate_that_the_laptop_has(alice: Laptop, team: Team, mallory: Authority) -> None:
    bundle = team.bundle()
    alice.enroll(bundle)
    before = alice.everything()
    others = (mallory.certificate,)
    with pytest.raises(RefusedError, match="which had other authorities"):
        alice.enroll(replace(bundle, server_authorities=others, daemons=ELSEWHERE))
    assert alice.everything() == before


def test_a_damaged_authority_is_put_back_by_the_bundle_that_was_enrolled(alice: Laptop, team: Team) -> None:
    bundle = team.bundle()
    alice.enroll(bundle)
    (alice.folder("acme") / "ca.pem").write_bytes(b"")
    alice.enroll(bundle)
    assert (alice.folder("acme") / "ca.pem").read_bytes() == bundle.files()["ca.pem"]


def answered(bundle: Bundle, signer: Authority) -> Bundle:
    """Return the answer to a request that the laptop has made, its key put in."""
    return signed_later(bundle, signer)


def test_the_answer_to_the_laptops_own_request_renews_in_clear(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    [step] = alice.enroll(answered(team.bundle(), team.client), Warrant.OWN_KEY)
    assert step.renews


def test_a_key_that_was_not_made_here_comes_in_clear_only_by_force(alice: Laptop, team: Team) -> None:
    alice.enroll(team.bundle())
    before = alice.everything()
    with pytest.raises(RefusedError, match="not encrypted, brings a key that was not made here") as refused:
        alice.enroll(signed_later(team.bundle(), team.client))
    assert refused.value.code == "enrollment-unproven"
    assert alice.everything() == before
    alice.enroll(signed_later(team.bundle(), team.client), Warrant.FORCE)


def test_nothing_in_clear_turns_the_laptop_to_another_daemon(alice: Laptop, team: Team) -> None:
    bundle = team.bundle()
    alice.enroll(bundle)
    before = alice.everything()
    for warrant in (Warrant.NOTHING, Warrant.OWN_KEY):
        for offered in (replace(bundle, daemons=ELSEWHERE), replace(bundle, daemons=(*bundle.daemons, *SECOND))):
            with pytest.raises(RefusedError, match="names another daemon: tcp://mallory"):
                alice.enroll(offered, warrant)
    assert alice.everything() == before
    alice.enroll(replace(bundle, daemons=ELSEWHERE), Warrant.PASSPHRASE)


@pytest.mark.parametrize("name", ["acme client authority", "acme other authority"])
def test_in_clear_the_certificate_is_of_the_authority_that_signed_the_former(
    alice: Laptop, team: Team, name: str
) -> None:
    alice.enroll(team.bundle())
    before = alice.everything()
    posing = certificates.authority(KeySigner(keys.generate("p256")), name, NOW, DECADE)
    with pytest.raises(RefusedError, match="has a certificate of another authority"):
        alice.enroll(answered(team.bundle(), posing), Warrant.OWN_KEY)
    assert alice.everything() == before
