"""A key has one holder: a request is good for one device only, and one whose key has leaked for none."""

from pathlib import Path

import pytest

from certkit.pki import keys, requests
from certkit.pki.signer import KeySigner
from tests.cli.conftest import Lead


@pytest.fixture
def signed(lead: Lead, home: Path) -> None:
    Path("al.csr").write_bytes(requests.make(KeySigner(keys.generate("p256"))))
    assert lead("sign", "al.csr", "--person", "al", "--device", "desk", "--out", "1").code == 0


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("holder", [("al", "lap"), ("bo", "desk")])
def test_a_key_is_not_certified_for_another_device_or_person(lead: Lead, holder: tuple[str, str]) -> None:
    person, device = holder
    code, what, remedy = lead("sign", "al.csr", "--person", person, "--device", device, "--out", "2").complaint
    assert code == 1
    assert what == "certkit: that key has another holder: al, device desk"
    assert "certkit enroll --request" in remedy
    assert not Path("2").exists()


@pytest.mark.usefixtures("signed")
def test_the_same_device_may_renew_with_its_key_until_it_is_revoked(lead: Lead) -> None:
    assert lead("sign", "al.csr", "--person", "al", "--device", "desk", "--out", "2").code == 0
    lead("revoke", "--device", "desk", "--reason", "keyCompromise")
    for person, device in (("al", "desk"), ("al", "lap"), ("bo", "desk")):
        assert lead("sign", "al.csr", "--person", person, "--device", device, "--out", "3").code == 1


@pytest.mark.usefixtures("signed")
def test_names_that_differ_in_letters_case_only_are_not_two_people(lead: Lead) -> None:
    code, what, _ = lead("issue", "AL", "--out", "4").complaint
    assert (code, what) == (1, "certkit: the name AL is too similar to al, who is there already")
