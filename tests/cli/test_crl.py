"""crl.pem beside ca.pem, for HAProxy and the like: what openssl reads in it, and whom it refuses by it."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from certkit.cli.support import context
from certkit.pki import certificates
from tests.cli.conftest import Lead
from tests.cli.openssl import complaint, issue, serial

YEAR = timedelta(days=365)


def lists(home: Path) -> list[x509.CertificateRevocationList]:
    """Read every list in the file."""
    end = b"-----END X509 CRL-----\n"
    content = (home / "daemons" / "build" / "crl.pem").read_bytes()
    return [x509.load_pem_x509_crl(each + end) for each in content.split(end)[:-1]]


def end(found: x509.CertificateRevocationList) -> datetime:
    assert found.next_update_utc
    return found.next_update_utc


def number(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_openssl_reads_when_and_why(lead: Lead, home: Path) -> None:
    leaves = [issue(lead, "al"), issue(lead, "al", "desktop"), issue(lead, "bo")]
    lead("revoke", "--device", "desktop", "--reason", "keyCompromise")
    lead("revoke", "al", "--reason", "affiliationChanged")
    lead("revoke", "bo")
    path, authority = home / "daemons" / "build" / "crl.pem", home / "authorities" / "client" / "cert.pem"
    command: list[str | Path] = ["openssl", "crl", "-in", path, "-noout", "-text", "-CAfile", authority]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "verify OK" in shown.stderr
    assert all(serial(leaf).upper() in shown.stdout for leaf in leaves)
    lines = [line.strip() for line in shown.stdout.splitlines()]
    assert [lines.count(reason) for reason in ("Affiliation Changed", "Key Compromise", "Unspecified")] == [1, 1, 0]


def test_openssl_refuses_by_it_exactly_those_who_are_revoked(lead: Lead, home: Path) -> None:
    out, desktop, pal = issue(lead, "al"), issue(lead, "al", "desktop"), issue(lead, "pal")
    authority, options = home / "authorities" / "client" / "cert.pem", ["-crl_check", "-CRLfile"]
    path = home / "daemons" / "build" / "crl.pem"
    assert not complaint(authority, out, *options, path)
    lead("revoke", "--serial", serial(out))
    assert "certificate revoked" in complaint(authority, out, *options, path)
    assert not any(complaint(authority, each, *options, path) for each in (desktop, pal))
    lead("revoke", "al")
    assert "certificate revoked" in complaint(authority, desktop, *options, path)
    lead("reinstate", "al")
    assert "certificate revoked" in complaint(authority, out, *options, path)
    assert not complaint(authority, desktop, *options, path)


def test_its_number_grows_and_a_clock_that_is_a_little_late_believes_it(lead: Lead, home: Path) -> None:
    issue(lead, "al")
    numbers = []
    for verb in ("revoke", "reinstate"):
        lead(verb, "al")
        [found] = lists(home)
        numbers.append(number(found))
        assert found.last_update_utc <= datetime.now(UTC) - timedelta(seconds=59)
        assert end(found) > datetime.now(UTC) + YEAR
    assert numbers == [2, 3]


def test_there_is_one_for_every_authority_that_daemons_trust(lead: Lead, home: Path) -> None:
    leaf = issue(lead, "al")
    lead("rotate", "client", "prepare")
    lead("revoke", "al")
    old, new = lists(home)
    assert [each.serial_number for each in old] == [certificates.load(leaf.read_bytes()).serial_number]
    assert list(new) == []
    assert number(old) == number(new) == 3


def test_before_it_is_out_of_date_it_is_told_and_made_anew(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead("daemon", "renew", "build")
    [former] = lists(home)
    soon = end(former) - timedelta(days=30)
    monkeypatch.setattr(context, "now", lambda: soon)
    items = lead("status", "--json").data["items"]
    [item] = [each for each in items if each["kind"] not in {"authority", "daemon", "device"}]
    assert item["attention"] == "expires-soon"
    assert lead(*item["remedy"].split()[1:]).code == 0
    [found] = lists(home)
    assert end(found) > soon + YEAR
