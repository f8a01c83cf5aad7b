"""A label says which publication a file is, and is good for nothing else."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from certkit.errors import InvalidError, RefusedError
from certkit.pki import certificates, extensions, keys
from certkit.pki.signer import KeySigner
from certkit.trust import anchors, label
from certkit.trust.label import Label
from tests.clients import verifiers
from tests.trust.people import DAY, NOW, TEAM, authority, published

OLDER = authority("client", 1)
NEWER = certificates.authority(KeySigner(keys.generate("p384")), "acme client authority 2", NOW + DAY, 9000 * DAY)
BOTH = [OLDER.certificate, NEWER.certificate]


def attributes(*values: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value, _validate=False) for kind, value in values])


def test_a_label_says_whose_publication_it_is_its_number_and_the_digest_of_the_rest() -> None:
    made = label.make(TEAM, 7, BOTH)
    assert made.subject == made.issuer
    assert label.parse(made.subject) == Label(TEAM, 7, label.digest(BOTH))


def test_the_digest_is_over_every_anchor_in_order() -> None:
    digests = {label.digest(each) for each in (BOTH, BOTH[::-1], BOTH[:1], [*BOTH, BOTH[0]])}
    assert len(digests) == 4
    assert all(len(each) == 64 for each in digests)


def test_a_label_is_no_authority_has_no_key_usage_and_is_for_a_purpose_of_its_own() -> None:
    made = label.make(TEAM, 7, BOTH)
    basic = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert not basic.value.ca
    assert extensions.find(made, x509.KeyUsage) is None
    assert list(extensions.find(made, x509.ExtendedKeyUsage) or ()) == [label.PURPOSE]
    assert not extensions.allows(made, ExtendedKeyUsageOID.CLIENT_AUTH)


def test_a_label_is_as_old_as_the_oldest_anchor_and_lives_as_long_as_the_longest() -> None:
    made = label.make(TEAM, 7, BOTH)
    assert made.not_valid_before_utc == OLDER.certificate.not_valid_before_utc
    assert made.not_valid_after_utc == NEWER.certificate.not_valid_after_utc


def test_two_labels_never_share_a_key() -> None:
    one, other = (label.make(TEAM, 7, BOTH).public_key() for _ in range(2))
    assert one != other


def test_a_ca_pem_ends_with_the_label_of_what_stands_before_it() -> None:
    *held, last = certificates.load_all(published([OLDER, NEWER], ["gone.acme.certkit.internal"], 12))
    assert len(held) == 2
    assert label.parse(last.subject) == Label(TEAM, 12, label.digest(held))
    assert not any(label.parse(each.subject) for each in held)


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True), st.integers(0, 10**31 - 1))
def test_every_team_and_every_number_is_read_as_it_was_written(team: str, number: int) -> None:
    written = Label(team, number, "0f" * 32)
    assert label.parse(label.subject(written)) == written


@pytest.mark.parametrize("number", [-1, 10**60])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(InvalidError, match="cannot be the number"):
        label.make(TEAM, number, BOTH)


def test_a_publication_of_nothing_is_refused() -> None:
    with pytest.raises(RefusedError, match="let nobody in"):
        label.make(TEAM, 1, [])


KINDS = (NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME)
GOOD = (label.ORGANIZATION, "0f" * 32, "acme 7")


@pytest.mark.parametrize(
    "values",
    [
        (*GOOD[:2], "acme 07"),
        (*GOOD[:2], "acme -7"),
        (*GOOD[:2], "acme \u0667"),
        (*GOOD[:2], "acme 7\n"),
        (*GOOD[:2], "acme  7"),
        (*GOOD[:2], "../x 7"),
        (GOOD[0], "0F" * 32, GOOD[2]),
        (GOOD[0], "0f" * 31, GOOD[2]),
        ("certkit  publication", *GOOD[1:]),
    ],
)
def test_what_is_nearly_a_label_is_none(values: tuple[str, str, str]) -> None:
    assert label.parse(attributes(*zip(KINDS, GOOD, strict=True))) == Label("acme", 7, "0f" * 32)
    assert label.parse(attributes(*zip(KINDS, values, strict=True))) is None


def test_a_label_with_more_less_or_other_parts_is_none() -> None:
    parts = list(zip(KINDS, GOOD, strict=True))
    for other in ([], parts[:2], parts[::-1], [*parts, parts[0]], [*parts, (NameOID.TITLE, "x")]):
        assert label.parse(attributes(*other)) is None
    together = x509.Name([x509.RelativeDistinguishedName(attributes(*parts))])
    assert label.parse(together) is None
    with pytest.warns(UserWarning, match="length must be"):  # as a stranger's certificate may be
        assert label.parse(attributes(*zip(KINDS, (*GOOD[:2], "acme " + "9" * 5000), strict=True))) is None
    raw = x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\xff", x509.name._ASN1Type.BitString)  # noqa: SLF001  there is no public name
    assert label.parse(x509.Name([raw])) is None


@given(st.lists(st.tuples(st.sampled_from([*KINDS, NameOID.TITLE]), st.text(min_size=1, max_size=70)), max_size=4))
def test_no_name_makes_the_reader_fail(parts: list[tuple[x509.ObjectIdentifier, str]]) -> None:
    assert label.parse(attributes(*parts)) is None


def test_linters_find_nothing_in_a_label(tmp_path: Path) -> None:
    path = tmp_path / "label.pem"
    path.write_bytes(certificates.to_pem(label.make(TEAM, 7, BOTH)))
    assert not verifiers.pkilint(path)
    assert not verifiers.zlint(path)


def test_openssl_takes_neither_the_label_nor_what_its_holder_signs_for_a_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = keys.generate("p256")
    monkeypatch.setattr(keys, "generate", lambda _: holder)
    held = tmp_path / "ca.pem"
    held.write_bytes(published([OLDER], [], 1))
    own = certificates.load_all(held.read_bytes())[-1]
    forged = certificates.device(
        certificates.Authority(own, KeySigner(holder)),
        holder.public_key(),
        person="eve",
        dns_name="laptop.eve.acme.certkit.internal",
        now=NOW,
        life=DAY,
    )
    for each in (own, forged):
        (tmp_path / "leaf.pem").write_bytes(certificates.to_pem(each))
        command: list[str | Path] = ["openssl", "verify", "-partial_chain", "-purpose", "sslclient", "-CAfile", held]
        assert subprocess.run([*command, tmp_path / "leaf.pem"], capture_output=True, check=False).returncode


def test_an_anchor_that_no_daemon_could_bear_is_never_published() -> None:
    names = [f"p{n}.acme.certkit.internal" for n in range(anchors.LIMIT - 1)]
    with pytest.raises(RefusedError, match="cannot bear 250001 name constraints") as refused:
        published([OLDER], names, 1)
    assert refused.value.code == "too-many-constraints"


def test_a_label_is_spelled_short_for_people() -> None:
    name = label.subject(Label("acme", 7, "0f" * 32))
    assert certificates.words(name) == "label acme 7 (0f0f0f0f…)"
    other = x509.Name([*name, x509.NameAttribute(NameOID.COMMON_NAME, "more")])
    assert certificates.words(other) == other.rfc4514_string()
