"""An authority made elsewhere is tried before it is trusted: by its own constraints it may be of no use."""

from collections.abc import Iterator, Sequence

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from certkit.errors import RefusedError
from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority
from certkit.pki.extensions import key_usage
from certkit.pki.signer import KeySigner
from certkit.trust import anchors, canary
from certkit.trust.go_rules import Refusal
from certkit.trust.trial import Shortcoming, refusal_of_device, shortcomings
from tests.clients.go_programs import Verifier
from tests.trust.people import DAY, NOW, TEAM, authority

PERMITTED = [x509.DNSName("certkit.internal")]
DIRECTORY = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "al")]))


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    started = Verifier()
    yield started
    started.close()


def adopted(*, critical: bool = True, **subtrees: Sequence[x509.GeneralName]) -> Authority:
    signer = KeySigner(keys.generate("p256"))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    both = {name: list(subtrees.get(name, ())) or None for name in ("permitted_subtrees", "excluded_subtrees")}
    builder = (
        x509.CertificateBuilder(name, name, signer.public_key, 7)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 400 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.NameConstraints(**both), critical=critical)
    )
    return Authority(signer.sign_certificate(builder), signer)


def test_an_authority_of_certkits_own_falls_short_of_nothing() -> None:
    assert shortcomings(authority("client", 1), TEAM, NOW) == set()


def test_constraints_that_leave_certkits_names_alone_are_nothing_to_complain_of() -> None:
    assert shortcomings(adopted(permitted_subtrees=PERMITTED), TEAM, NOW) == set()
    assert shortcomings(adopted(excluded_subtrees=[x509.DNSName("canary.internal")]), TEAM, NOW) == set()


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (
            adopted(permitted_subtrees=[x509.DNSName("acme.example")]),
            {Shortcoming.CONTROL_REFUSED, Shortcoming.CANARY_REFUSED_ANYHOW},
        ),
        (
            adopted(excluded_subtrees=[x509.DNSName(canary.name(TEAM))]),
            {Shortcoming.CANARY_REFUSED_ANYHOW},
        ),
        (
            adopted(excluded_subtrees=[x509.DNSName(canary.control_name(TEAM))]),
            {Shortcoming.CONTROL_REFUSED},
        ),
        (
            adopted(excluded_subtrees=[DIRECTORY], critical=False),  # which the anchor makes critical
            {Shortcoming.CONTROL_REFUSED},
        ),
    ],
)
def test_what_the_daemons_would_not_do_is_named(own: Authority, expected: set[Shortcoming], verifier: Verifier) -> None:
    assert shortcomings(own, TEAM, NOW) == expected
    published = certificates.load_all(anchors.ca_pem([(own, [])], TEAM, 1))
    said = verifier.refusal(canary.control(own, TEAM, NOW).certificate, published, NOW)
    assert bool(said) == (Shortcoming.CONTROL_REFUSED in expected)


def test_an_authority_that_has_expired_is_refused() -> None:
    with pytest.raises(RefusedError, match="has expired"):
        refusal_of_device(adopted(permitted_subtrees=PERMITTED), TEAM, NOW + 500 * DAY)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (authority("client", 1), None),
        (adopted(permitted_subtrees=PERMITTED), None),
        (adopted(permitted_subtrees=[x509.DNSName("acme.example")]), Refusal.NAME_NOT_PERMITTED),
        (adopted(excluded_subtrees=[DIRECTORY], critical=False), Refusal.UNKNOWN_EXTENSION),
    ],
)
def test_an_authority_whose_devices_would_be_refused_is_found_out(own: Authority, expected: Refusal | None) -> None:
    assert refusal_of_device(own, TEAM, NOW) == expected
