"""What an anchor keeps of its authority, what it adds, and how large it is."""

from datetime import timedelta

import pytest
from cryptography import x509

from certkit.errors import RefusedError
from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from certkit.trust import anchors, canary
from tests.trust.people import DAY, NOW, TEAM, authority, published

AUTHORITY = authority("client", 1)
BOB = names.person_name("bob", "acme")


def excluded(certificate: x509.Certificate) -> list[str]:
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert constraints.value.permitted_subtrees is None
    return [str(name.value) for name in constraints.value.excluded_subtrees or ()]


@pytest.mark.parametrize("key_type", keys.KEY_TYPES)
def test_an_anchor_is_its_authority_but_for_the_serial_number_and_the_constraints(key_type: str) -> None:
    signer = certificates.authority(KeySigner(keys.generate(key_type)), "acme client authority", NOW, DAY)
    anchor = anchors.anchor(signer, [BOB])
    original = signer.certificate
    anchor.verify_directly_issued_by(original)
    assert (anchor.subject, anchor.public_key()) == (original.subject, original.public_key())
    assert anchor.not_valid_before_utc == original.not_valid_before_utc
    assert anchor.not_valid_after_utc == original.not_valid_after_utc
    assert anchor.serial_number != original.serial_number
    added = {each.oid for each in anchor.extensions} - {each.oid for each in original.extensions}
    assert added == {x509.NameConstraints.oid}
    for extension in original.extensions:
        assert extension in list(anchor.extensions)


def test_names_are_sorted_each_once_and_none_below_another() -> None:
    laptop = names.device_name("laptop", "bob", "acme")
    eve = names.device_name("laptop", "eve", "acme")
    assert excluded(anchors.anchor(AUTHORITY, [laptop, eve, BOB, eve, BOB])) == [BOB, eve]


def test_nobody_excluded_leaves_the_certificate_as_it_is() -> None:
    assert anchors.anchor(AUTHORITY, []) is AUTHORITY.certificate


def test_a_daemons_ca_pem_holds_one_anchor_of_each_authority_each_with_all_exclusions() -> None:
    newer = authority("client", 2)
    pem = published([AUTHORITY, newer], [BOB], 3)
    held = certificates.load_all(pem)
    assert [each.subject for each in held[:-1]] == [AUTHORITY.certificate.subject, newer.certificate.subject]
    assert all(excluded(each) == sorted([BOB, *canary.excluded(TEAM)]) for each in held[:2])


def test_a_ca_pem_of_nothing_is_refused() -> None:
    with pytest.raises(RefusedError, match="lets nobody in"):
        published([], [BOB], 1)


def test_an_adopted_authority_keeps_its_own_constraints_and_points_to_itself_by_its_key_alone() -> None:
    key = keys.generate("p256")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    own = x509.NameConstraints([x509.DNSName("certkit.internal")], [x509.DNSName("gone.example")])
    pointer = x509.AuthorityKeyIdentifier(b"k", [x509.DirectoryName(name)], 7)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW + DAY)
    builder = builder.add_extension(own, critical=True).add_extension(pointer, critical=False)
    anchor = anchors.anchor(Authority(builder.sign(key, keys.signature_hash(key)), KeySigner(key)), [BOB])
    constraints = anchor.extensions.get_extension_for_class(x509.NameConstraints).value
    assert constraints.permitted_subtrees == own.permitted_subtrees
    assert constraints.excluded_subtrees == [x509.DNSName("gone.example"), x509.DNSName(BOB)]
    identifier = anchor.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert identifier.authority_cert_serial_number is None


def test_a_name_stays_until_its_last_certificate_has_ended_and_a_late_clock_has_seen_it() -> None:
    shut_out = [anchors.ShutOut(BOB, NOW)]
    assert anchors.exclusions(shut_out, NOW + anchors.GRACE - timedelta(seconds=1)) == [BOB]
    assert anchors.exclusions(shut_out, NOW + anchors.GRACE) == []


def test_an_exclusion_takes_at_most_75_bytes_of_the_file() -> None:
    people = [names.person_name(f"somebody.with.a.long.name.{n}@acme.example", "acme") for n in range(1000)]
    none, all_of_them = (len(published([AUTHORITY], each, 500)) for each in ([], people))
    assert (all_of_them - none) / len(people) <= 75
