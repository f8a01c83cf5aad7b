"""certkit's idea of Go's rules, and Go's own verifier, agree on certificates of every kind."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.extensions import key_usage
from certkit.pki.signer import KeySigner
from certkit.trust import anchors, canary, go_rules, label
from certkit.trust.go_rules import Refusal
from tests.clients.go_programs import OLD, Verifier
from tests.trust.people import DAY, NOW, TEAM, authority, published

SIGNERS = [KeySigner(keys.generate("p256")) for _ in range(2)]
LEAF_KEY = keys.generate("p256").public_key()
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\x05\x00")
OWN_PURPOSE = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1")


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    started = Verifier()
    yield started
    started.close()


@pytest.fixture(scope="module")
def old_verifier() -> Iterator[Verifier]:
    started = Verifier(OLD)
    yield started
    started.close()


DOMAINS = ["internal", "certkit.internal", "al.certkit.internal", "l.certkit.internal", "a-l.internal", "x", "AL.X"]
DNS = [*DOMAINS, "lap.al.certkit.internal", "*.certkit.internal", "*.al.x", "", "a..b", ".x", "x.", "a b"]
MAIL = ["a@x", "A@AL.X", "b@al.certkit.internal", "a..b@x", "al ice@x", '"a b"@x', "x", "a@", "@x", r"a\@b@x"]
URIS = ["https://al.x/", "https://x:8080/a", "urn:a", "https://10.0.0.1/", "https://u@al.certkit.internal", "//[::1]/"]
ADDRESSES = ["10.0.0.1", "10.1.0.1", "::1", "2001:db8::7"]
NETWORKS = ["10.0.0.0/16", "10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32"]
MAIL_NAME = x509.RFC822Name._init_without_validation  # noqa: SLF001  as a stranger may write one
DIRECTORY = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "al")]))
NAMES = st.one_of(
    st.sampled_from(DNS).map(x509.DNSName),
    st.sampled_from(MAIL).map(MAIL_NAME),
    st.sampled_from(URIS).map(x509.UniformResourceIdentifier),
    st.sampled_from(ADDRESSES).map(lambda each: x509.IPAddress(ipaddress.ip_address(each))),
    st.just(DIRECTORY),
)
SUBTREES = st.one_of(
    st.sampled_from([*DOMAINS, "", ".x", ".certkit.internal", ".", "x.", "a..b"]).map(x509.DNSName),
    st.sampled_from(["x", ".x", "a@x", "", "a..b@x", ".."]).map(MAIL_NAME),
    st.sampled_from(["x", ".x", "al.certkit.internal", "10.0.0.1"]).map(x509.UniformResourceIdentifier),
    st.sampled_from(NETWORKS).map(lambda each: x509.IPAddress(ipaddress.ip_network(each))),
    st.just(DIRECTORY),
)
PURPOSES = st.none() | st.lists(
    st.sampled_from(
        [
            ExtendedKeyUsageOID.CLIENT_AUTH,
            ExtendedKeyUsageOID.SERVER_AUTH,
            ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
            OWN_PURPOSE,
        ]
    ),
    min_size=1,
    max_size=2,
    unique=True,
)


@dataclass(frozen=True)
class Made:
    """What a certificate of these tests is made of."""

    signer: int
    begins: timedelta
    ends: timedelta
    purposes: list[x509.ObjectIdentifier] | None
    names: list[x509.GeneralName]
    permitted: list[x509.GeneralName]
    excluded: list[x509.GeneralName]
    critical: bool
    unknown: bool
    basic: bool | None
    usage: bool | None
    encoding: bool

    def make(self, subject: str) -> x509.Certificate:
        """Make it, self-signed if it is an authority's."""
        kind = x509.name._ASN1Type.PrintableString if self.encoding else x509.name._ASN1Type.UTF8String  # noqa: SLF001
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority", kind)])
        signer = SIGNERS[self.signer]
        is_root = subject == "authority"
        own = issuer if is_root else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        builder = (
            x509.CertificateBuilder(issuer, own, signer.public_key if is_root else LEAF_KEY, 7)
            .not_valid_before(NOW + self.begins)
            .not_valid_after(NOW + self.ends)
        )
        for extension in self._extensions():
            builder = builder.add_extension(extension, self.critical)
        if self.unknown:
            builder = builder.add_extension(UNKNOWN, self.critical)
        return signer.sign_certificate(builder)

    def _extensions(self) -> Iterator[x509.ExtensionType]:
        if self.basic is not None:
            yield x509.BasicConstraints(ca=self.basic, path_length=None)
        if self.usage is not None:
            yield key_usage(key_cert_sign=self.usage, digital_signature=not self.usage)
        if self.purposes:
            yield x509.ExtendedKeyUsage(self.purposes)
        if self.names:
            yield x509.SubjectAlternativeName(self.names)
        if self.permitted or self.excluded:
            yield x509.NameConstraints(self.permitted or None, self.excluded or None)


def certificates_of(*, root: bool, odd: bool) -> st.SearchStrategy[x509.Certificate]:
    """Return certificates: odd ones in everything, or good ones but for their names and constraints."""
    some = st.lists(SUBTREES, max_size=3) if root else st.just([])

    def either(good: object, *others: object) -> st.SearchStrategy[object]:
        return st.sampled_from([good, good, good, *others]) if odd else st.just(good)

    flag = st.booleans() if odd else st.just(value=False)
    return st.builds(
        Made,
        signer=either(0, 1),
        begins=either(-DAY, timedelta(0), DAY),
        ends=either(2 * DAY, DAY + timedelta(seconds=1)),
        purposes=PURPOSES if odd else st.none(),
        names=st.just([]) if root else st.lists(NAMES, max_size=3),
        permitted=some,
        excluded=some,
        critical=st.booleans(),
        unknown=flag,
        basic=either(root, not root, None),
        usage=either(root, not root, None),
        encoding=flag,
    ).map(lambda each: each.make("authority" if root else "leaf"))


def cases(*, odd: bool) -> st.SearchStrategy[tuple[x509.Certificate, list[x509.Certificate]]]:
    roots = st.lists(certificates_of(root=True, odd=odd), min_size=1, max_size=2)
    return st.tuples(certificates_of(root=False, odd=odd), roots)


@settings(deadline=None, max_examples=500, suppress_health_check=list(HealthCheck))
@given(cases(odd=False) | cases(odd=True), st.sampled_from([timedelta(0), timedelta(0), 3 * DAY]))
def test_it_refuses_whom_go_refuses_and_lets_in_whom_go_lets_in(
    verifier: Verifier,
    old_verifier: Verifier,
    case: tuple[x509.Certificate, list[x509.Certificate]],
    later: timedelta,
) -> None:
    """An old Go reads a few odd URIs and constraints that a new one does not: the stricter is followed."""
    leaf, roots = case
    ours = go_rules.refusal(leaf, roots, NOW + later)
    new, old = (each.refusal(leaf, roots, NOW + later) for each in (verifier, old_verifier))
    assert bool(ours) == bool(new or old), (ours, new, old)
    assert new or not old


AUTHORITY = authority("client", 1)


def client(dns_name: str, signer: Authority = AUTHORITY) -> x509.Certificate:
    return certificates.device(signer, LEAF_KEY, person="al", dns_name=dns_name, now=NOW, life=DAY)


PUBLISHED = certificates.load_all(published([AUTHORITY], [names.person_name("al", TEAM)]))


@pytest.mark.parametrize(
    ("leaf", "when", "expected", "words"),
    [
        (client(names.device_name("laptop", "bo", TEAM)), NOW, None, ""),
        (client(names.device_name("laptop", "al", TEAM)), NOW, Refusal.NAME_EXCLUDED, "excluded"),
        (client("a..b"), NOW, Refusal.NAME_UNREADABLE, "cannot parse dnsName"),
        (client("bo"), NOW - DAY, Refusal.NOT_YET_VALID, "before"),
        (client("bo"), NOW + 2 * DAY, Refusal.EXPIRED, "after"),
        (client("bo", authority("client", 2)), NOW, Refusal.UNKNOWN_ISSUER, "unknown authority"),
        (client("bo", authority("client", 1)), NOW, Refusal.UNKNOWN_ISSUER, "unknown authority"),
        (PUBLISHED[-1], NOW, Refusal.PURPOSE, "incompatible key usage"),
        (PUBLISHED[0], NOW, None, ""),
        (AUTHORITY.certificate, NOW, Refusal.UNKNOWN_ISSUER, "unknown authority"),
        (canary.make(AUTHORITY, TEAM).certificate, NOW, Refusal.NAME_EXCLUDED, "excluded"),
        (canary.control(AUTHORITY, TEAM, NOW).certificate, NOW, None, ""),
    ],
)
def test_the_reason_is_gos_too(
    verifier: Verifier,
    old_verifier: Verifier,
    leaf: x509.Certificate,
    when: datetime,
    expected: Refusal | None,
    words: str,
) -> None:
    assert label.parse(PUBLISHED[-1].subject)
    assert go_rules.refusal(leaf, PUBLISHED, when) == expected
    for each in (verifier, old_verifier):
        said = each.refusal(leaf, PUBLISHED, when)
        assert words in said
        assert bool(said) == bool(expected)


def test_more_comparisons_than_an_old_go_makes_are_refused(old_verifier: Verifier) -> None:
    """A newer Go compares in another way, and has no such limit."""
    many = [f"p{n}.acme.certkit.internal" for n in range(go_rules.COMPARISONS // 2)]
    anchor = anchors.anchor(AUTHORITY, many)
    two, three = (certificates_with_names([x509.DNSName(f"bo{n}.internal") for n in range(count)]) for count in (2, 3))
    assert go_rules.refusal(two, [anchor], NOW) is None
    assert go_rules.refusal(three, [anchor], NOW) is Refusal.TOO_MANY_CONSTRAINTS
    assert [bool(old_verifier.refusal(each, [anchor], NOW)) for each in (two, three)] == [False, True]


def test_the_largest_anchor_that_is_published_serves_everybody_by_an_old_go(old_verifier: Verifier) -> None:
    many = [f"p{n}.acme.certkit.internal" for n in range(anchors.LIMIT - 2)]
    held = certificates.load_all(published([AUTHORITY], many))
    bo, gone = client(names.device_name("laptop", "bo", TEAM)), client("laptop.p7.acme.certkit.internal")
    assert not old_verifier.refusal(bo, held, NOW)
    assert "excluded" in old_verifier.refusal(gone, held, NOW)


def certificates_with_names(own: list[x509.GeneralName]) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder(AUTHORITY.certificate.subject, x509.Name([]), LEAF_KEY, 7)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.SubjectAlternativeName(own), critical=True)
    )
    return AUTHORITY.signer.sign_certificate(builder)
