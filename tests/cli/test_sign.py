"""`certkit sign`: an answer to a request whose key never leaves its laptop."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from certkit.enroll.bundle import open_bundle
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner
from tests.cli.conftest import ALICE, Ended, Lead

KEY = keys.generate("p256")


def sign(lead: Lead, request: bytes, *arguments: str) -> Ended:
    """Put a request into a file and sign it."""
    Path("alice.csr").write_bytes(request)
    return lead("sign", "alice.csr", "--person", ALICE, "--out", "alice.certkit", *arguments)


def der(request: bytes) -> bytes:
    return x509.load_pem_x509_csr(request).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_the_answer_holds_a_certificate_for_the_key_and_no_secret(lead: Lead, home: Path, form: str) -> None:
    request = requests.make(KeySigner(KEY))
    ended = sign(lead, request if form == "PEM" else der(request), "--device", "desk")
    assert (ended.code, ended.err) == (0, "")
    assert f"Signed for {ALICE}, device desk, expires " in ended.out
    assert "\n  certkit enroll alice.certkit\n" in ended.out
    answer = open_bundle(Path("alice.certkit").read_bytes(), lambda: pytest.fail("it is sealed"))
    [authority] = answer.server_authorities
    assert certificates.fingerprint(authority) in "".join(ended.out.split())
    certificate = answer.certificate
    assert certificate.public_key() == KEY.public_key()
    assert (answer.key, answer.person, answer.device) == (None, ALICE, "desk")
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=90, minutes=10)


def test_as_json_it_is_what_was_recorded(lead: Lead, home: Path) -> None:
    data = sign(lead, requests.make(KeySigner(KEY)), "--json").data
    assert data["bundle"] == "alice.certkit"
    assert lead("show", data["serial"], "--json").data["person"] == data["person"] == ALICE


@pytest.mark.parametrize("key_type", keys.KEY_TYPES)
def test_a_request_may_have_any_key_that_certkit_would_make(lead: Lead, home: Path, key_type: str) -> None:
    assert sign(lead, requests.make(KeySigner(keys.generate(key_type)))).code == 0


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        (b"", "alice.csr is empty"),
        (b"\x1b[31mgarbage", "alice.csr: it is not a certificate request"),
        (keys.to_pem(KEY), "alice.csr is a private key, no request"),
        (requests.make(KeySigner(KEY))[:-40], "alice.csr: it is not a certificate request"),
        (der(requests.make(KeySigner(KEY)))[:-1] + b"\0", "alice.csr: the request is not signed by the key in it"),
        (requests.make(KeySigner(rsa.generate_private_key(65537, 2048))), "not accepted: RSA with 2048 bits"),
        (b"x" * 100_000, "alice.csr is larger than 65536 bytes"),
    ],
)
def test_a_request_that_will_not_do_lets_nobody_in(lead: Lead, home: Path, request_: bytes, what: str) -> None:
    code, said, remedy = sign(lead, request_).complaint
    assert code == 1
    assert what in said
    assert remedy
    assert not Path("alice.certkit").exists()
    assert lead("list", "--json").data == {"devices": []}


def test_a_request_that_is_not_there_is_named(lead: Lead, home: Path) -> None:
    ended = lead("sign", "alice.csr", "--person", ALICE, "--out", "alice.certkit")
    assert ended.complaint[:2] == (1, "certkit: alice.csr does not exist")


def test_nothing_is_overwritten_the_request_least_of_all(lead: Lead, home: Path) -> None:
    Path("alice.csr").write_bytes(requests.make(KeySigner(KEY)))
    ended = lead("sign", "alice.csr", "--person", ALICE, "--out", "alice.csr")
    assert ended.complaint[:2] == (1, "certkit: alice.csr exists already and is not overwritten")
    assert Path("alice.csr").read_bytes().startswith(b"-----BEGIN CERTIFICATE REQUEST")


def test_nobody_revoked_is_signed_for(lead: Lead, home: Path) -> None:
    sign(lead, requests.make(KeySigner(KEY)))
    assert lead("revoke", ALICE).code == 0
    Path("alice.certkit").unlink()
    code, what, remedy = sign(lead, requests.make(KeySigner(KEY))).complaint
    assert (code, what) == (1, f"certkit: {ALICE} has been revoked")
    assert f"certkit reinstate {ALICE} --without-devices" in remedy
