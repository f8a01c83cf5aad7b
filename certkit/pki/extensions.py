"""Extensions of certificates: find them, tell what they allow, and make those that are alike everywhere."""

from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.errors import MalformedError
from certkit.pki import parsing
from certkit.pki.keys import public_of

_OTHER_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    "crl_sign",
)

Extension = TypeVar("Extension", bound=x509.ExtensionType)


def find(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    """Return an extension, None if there is none; raise MalformedError if any extension cannot be read."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except parsing.FAILURES:
        raise MalformedError(
            "the certificate has extensions that cannot be read", code="certificate-extensions-unreadable"
        ) from None


def allows(certificate: x509.Certificate, purpose: x509.ObjectIdentifier) -> bool:
    """Tell whether a certificate may be used for a purpose: for all without extended key usages (Go's crypto/x509)."""
    usages = find(certificate, x509.ExtendedKeyUsage)
    return not usages or purpose in usages or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usages


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is an authority's: one of version 1, which cannot say so, is (Go's crypto/x509)."""
    basic = find(certificate, x509.BasicConstraints)
    return basic.ca if basic else certificate.version is x509.Version.v1


def signs_certificates(certificate: x509.Certificate) -> bool:
    """Tell whether key usages let an authority sign certificates: those that say nothing do (Go's crypto/x509)."""
    usage = find(certificate, x509.KeyUsage)
    return usage is None or usage.key_cert_sign or not any(getattr(usage, each) for each in _OTHER_USAGES)


def dns_names(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names among the subjectAltNames."""
    names = find(certificate, x509.SubjectAlternativeName)
    return names.get_values_for_type(x509.DNSName) if names else []


def hosts(certificate: x509.Certificate) -> set[str]:
    """Return the DNS names and the IP addresses among the subjectAltNames."""
    names = find(certificate, x509.SubjectAlternativeName)
    addresses = names.get_values_for_type(x509.IPAddress) if names else []
    return {*dns_names(certificate), *map(str, addresses)}


def key_usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """Return a key usage with only the named bits set."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_encipherment=key_encipherment,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def key_identifier(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Return the identifier by which what this authority signs points to it (RFC 5280, section 4.2.1.1)."""
    own = find(authority, x509.SubjectKeyIdentifier)
    if own is None:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(public_of(authority))
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
