"""The list as RFC 5280, section 5 wants it."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from certkit.errors import InvalidError
from certkit.pki import certificates, extensions, keys
from certkit.pki.signer import KeySigner
from certkit.trust import crl
from tests.clients import verifiers
from tests.trust.people import DAY, NOW, authority

AUTHORITY = authority("client", 1)


def entry(serial: int, reason: str = "unspecified", expires: timedelta = 30 * DAY) -> crl.Entry:
    return crl.Entry(serial, NOW - DAY, reason, NOW + expires)


@pytest.mark.parametrize("key_type", keys.KEY_TYPES)
def test_a_list_is_signed_by_its_authority_numbered_and_good_for_its_life(key_type: str) -> None:
    signer = certificates.authority(KeySigner(keys.generate(key_type)), "acme client authority", NOW, DAY)
    signed = crl.crl(signer, [entry(5)], 9, NOW, 30 * DAY)
    begin = NOW - timedelta(minutes=10)
    assert signed.is_signature_valid(signer.certificate.public_key())  # type: ignore[arg-type]
    assert signed.issuer == signer.certificate.subject
    assert (signed.last_update_utc, signed.next_update_utc) == (begin, NOW + 30 * DAY)
    assert signed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 9
    identifier = signed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert identifier == extensions.key_identifier(signer.certificate)


@pytest.mark.parametrize("reason", crl.REASONS)
def test_an_entry_says_when_and_why_unless_there_is_nothing_to_say(reason: str) -> None:
    (shown,) = crl.crl(AUTHORITY, [entry(5, reason)], 1, NOW, DAY)
    assert (shown.serial_number, shown.revocation_date_utc) == (5, NOW - DAY)
    reasons = [each.value.reason.value for each in shown.extensions if isinstance(each.value, x509.CRLReason)]
    assert reasons == ([] if reason == "unspecified" else [reason])


@pytest.mark.parametrize("reason", ["removeFromCRL", "left", ""])
def test_a_reason_that_is_none_is_refused_with_those_there_are(reason: str) -> None:
    with pytest.raises(InvalidError) as refused:
        crl.crl(AUTHORITY, [entry(5, reason)], 1, NOW, DAY)
    assert "keyCompromise" in refused.value.hint


def test_an_expired_entry_is_shown_once_more_and_then_dropped() -> None:
    ended = entry(5, expires=-timedelta(hours=1))
    shown = crl.crl(AUTHORITY, [ended, entry(6)], 2, NOW, DAY, previous=NOW - DAY)
    dropped = crl.crl(AUTHORITY, [ended, entry(6)], 3, NOW + DAY, DAY, previous=NOW)
    assert [each.serial_number for each in shown] == [5, 6]
    assert [each.serial_number for each in dropped] == [6]


def test_nobody_revoked_is_a_list_too() -> None:
    assert list(crl.crl(AUTHORITY, [], 1, NOW, DAY)) == []
    assert crl.to_pem(crl.crl(AUTHORITY, [], 1, NOW, DAY)).startswith(b"-----BEGIN X509 CRL-----")


def test_a_list_begins_before_now_for_late_clocks_and_says_nothing_of_later() -> None:
    signed = crl.crl(AUTHORITY, [crl.Entry(5, NOW + DAY, "unspecified", NOW + 30 * DAY)], 1, NOW + DAY, DAY)
    assert signed.last_update_utc == NOW + DAY - timedelta(minutes=10)
    assert [each.revocation_date_utc for each in signed] == [signed.last_update_utc]


def test_a_list_is_never_older_than_its_authority() -> None:
    signed = crl.crl(AUTHORITY, [], 1, NOW - timedelta(minutes=5), DAY)
    assert signed.last_update_utc == AUTHORITY.certificate.not_valid_before_utc


def judged(tmp_path: Path, signed: x509.CertificateRevocationList) -> list[str]:
    path = tmp_path / "crl.pem"
    path.write_bytes(crl.to_pem(signed))
    return verifiers.zlint(path)


@pytest.mark.parametrize("key_type", keys.KEY_TYPES)
def test_zlint_finds_nothing_in_a_list_of_somebody_just_revoked(tmp_path: Path, key_type: str) -> None:
    signer = certificates.authority(KeySigner(keys.generate(key_type)), "acme client authority", NOW, DAY)
    revoked = [crl.Entry(serial, NOW, reason, NOW + DAY) for serial, reason in enumerate(crl.REASONS, 5)]
    assert judged(tmp_path, crl.crl(signer, revoked, 1, NOW, DAY)) == []


def test_zlint_does_judge_lists(tmp_path: Path) -> None:
    builder = (
        x509.CertificateRevocationListBuilder(AUTHORITY.certificate.subject, NOW, NOW + DAY)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_revoked_certificate(x509.RevokedCertificateBuilder(5, NOW + timedelta(minutes=1)).build())
    )
    found = judged(tmp_path, AUTHORITY.signer.sign_crl(builder))
    assert "error e_crl_revocation_time_after_this_update" in found


def test_a_list_of_everybody_who_ever_left_is_made_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding them one by one copies the list each time: seconds for ten thousand, hours for a million."""
    one_by_one = x509.CertificateRevocationListBuilder.add_revoked_certificate
    monkeypatch.delattr(x509.CertificateRevocationListBuilder, one_by_one.__name__)
    revoked = [entry(serial, "superseded") for serial in range(1, 5001)]
    assert len(crl.crl(AUTHORITY, revoked, 1, NOW, DAY)) == 5000
