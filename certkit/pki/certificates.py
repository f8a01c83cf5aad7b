"""The four kinds of certificates: two authorities, a daemon's, a device's (RFC 5280)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certkit.errors import MalformedError, RefusedError
from certkit.pki import names
from certkit.pki.extensions import key_identifier, key_usage
from certkit.pki.keys import PrivateKey, PublicKey, signature_hash

BACKDATED = timedelta(minutes=1)
"""How far `notBefore` lies back, for clocks that are a little late."""


@dataclass(frozen=True)
class Authority:
    """A self-signed certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)


def authority(key: PrivateKey, common_name: str, now: datetime, life: timedelta) -> Authority:
    """Make a self-signed authority that can sign leaves only (path length 0)."""
    name = _subject(common_name)
    builder = (
        _builder(name, name, key.public_key(), now, now + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, signature_hash(key)), key)


def daemon(
    signer: Authority,
    public_key: PublicKey,
    hosts: Sequence[x509.DNSName | x509.IPAddress],
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    """Sign a daemon's certificate for its host names and addresses; the first is its common name."""
    rsa_key = isinstance(public_key, rsa.RSAPublicKey)
    return _leaf(
        signer,
        public_key,
        subject=_subject(str(hosts[0].value)[: names.TEXT_LIMIT]),
        alternative=x509.SubjectAlternativeName(hosts),
        purpose=ExtendedKeyUsageOID.SERVER_AUTH,
        usage=key_usage(digital_signature=True, key_encipherment=rsa_key),
        now=now,
        life=life,
    )


def device(
    signer: Authority,
    public_key: PublicKey,
    *,
    person: str,
    dns_name: str,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    """Sign a device's certificate: the person's full name as subject, one DNS name (`names.device_name`)."""
    return _leaf(
        signer,
        public_key,
        subject=_subject(person),
        alternative=x509.SubjectAlternativeName([x509.DNSName(dns_name)]),
        purpose=ExtendedKeyUsageOID.CLIENT_AUTH,
        usage=key_usage(digital_signature=True),
        now=now,
        life=life,
    )


def load(content: bytes) -> x509.Certificate:
    """Read one certificate, PEM or DER; raise MalformedError if it is none."""
    try:
        if b"-----BEGIN" in content:
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except (ValueError, x509.InvalidVersion):
        raise MalformedError("it is not a certificate", "Name a certificate's file, PEM or DER.") from None


def load_all(pem: bytes) -> list[x509.Certificate]:
    """Read every certificate of a PEM file, at least one; raise MalformedError if there is none or one is broken."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion):
        raise MalformedError("there is no certificate in PEM form in it", "Name a certificate's file.") from None


def to_pem(certificate: x509.Certificate) -> bytes:
    """Write a certificate as PEM (RFC 7468)."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def to_der(certificate: x509.Certificate) -> bytes:
    """Write a certificate as DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def fingerprint(certificate: x509.Certificate) -> str:
    """Give the SHA-256 of a certificate as people compare it: `6f:0c:…`, 32 bytes in lower case."""
    return certificate.fingerprint(hashes.SHA256()).hex(":")


def serial_text(number: int) -> str:
    """Give a serial number as `openssl x509 -serial` prints it, in lower case: the spelling used everywhere."""
    digits = f"{number:x}"
    return digits.zfill(len(digits) + len(digits) % 2)


def words(name: x509.Name) -> str:
    """Say a subject or an issuer for people: its common name where that is all there is, else RFC 4514's form."""
    values = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(values[0].value) if values and len(list(name)) == 1 else name.rfc4514_string()


def has_signed(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Tell whether a certificate bears the signature and the name of an authority."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _leaf(
    signer: Authority,
    public_key: PublicKey,
    *,
    subject: x509.Name,
    alternative: x509.SubjectAlternativeName,
    purpose: x509.ObjectIdentifier,
    usage: x509.KeyUsage,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    end = signer.certificate.not_valid_after_utc
    if end <= now:
        raise RefusedError("the authority has expired", "Rotate it: certkit rotate --help")
    builder = (
        _builder(subject, signer.certificate.subject, public_key, now, min(now + life, end))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(alternative, critical=False)
        .add_extension(key_identifier(signer.certificate), critical=False)
    )
    return builder.sign(signer.key, signature_hash(signer.key))


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: PublicKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before((now - BACKDATED).replace(microsecond=0))
        .not_valid_after(end.replace(microsecond=0))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
