"""A certificate names a host by the rules of Go's crypto/x509."""

import ipaddress

import pytest
from cryptography import x509

from certkit.pki import certificates, keys
from certkit.probe import hostnames
from tests.probe.pki import DAY, NOW, authority

SIGNER = authority("acme server authority")


def _covers(given: str, host: str) -> bool:
    try:
        name: x509.DNSName | x509.IPAddress = x509.IPAddress(ipaddress.ip_address(given))
    except ValueError:
        name = x509.DNSName(given)
    certificate = certificates.daemon(SIGNER, keys.generate("p256").public_key(), [name], NOW, DAY)
    return hostnames.covers(certificate, host)


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("build.acme.example", "build.acme.example"),
        ("BUILD.acme.example", "build.ACME.example"),
        ("build.acme.example", "build.acme.example."),
        ("*.acme.example", "build.acme.example"),
        ("127.0.0.2", "127.0.0.2"),
        ("::1", "0:0:0:0:0:0:0:1"),
    ],
)
def test_a_host_is_covered_by(given: str, host: str) -> None:
    assert _covers(given, host)


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("acme.example", "build.acme.example"),
        ("*.acme.example", "acme.example"),
        ("*.acme.example", "a.b.acme.example"),
        ("b*.acme.example", "build.acme.example"),
        ("build.*.example", "build.acme.example"),
        ("127.0.0.2", "127.0.0.3"),
        ("build.acme.example", ""),
    ],
)
def test_a_host_is_not_covered_by(given: str, host: str) -> None:
    assert not _covers(given, host)


def test_a_common_name_does_not_count() -> None:
    certificate = authority("build.acme.example").certificate
    assert not hostnames.covers(certificate, "build.acme.example")


def test_an_address_written_as_a_dns_name_does_not_count() -> None:
    key = keys.generate("p256").public_key()
    certificate = certificates.daemon(SIGNER, key, [x509.DNSName("127.0.0.2")], NOW, DAY)
    assert not hostnames.covers(certificate, "127.0.0.2")
