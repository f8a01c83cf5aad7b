"""The four kinds of certificates: two authorities, a daemon's, a device's (RFC 5280)."""

import functools
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certkit.errors import MalformedError, RefusedError
from certkit.pki import der, names, parsing
from certkit.pki.extensions import find, key_identifier, key_usage
from certkit.pki.keys import WEAK_HASHES, PublicKey, can_vouch, public_of
from certkit.pki.signer import Signer

# Such numbers are judged where they matter; the library's own warning would reach the user's terminal.
warnings.filterwarnings("ignore", "Parsed a serial number which wasn't positive", CryptographyDeprecationWarning)

BACKDATED = timedelta(minutes=10)
"""How far `notBefore` lies back: a laptop that wakes up may be minutes late, and so may a daemon's host."""
NOTICE = timedelta(days=30)
"""How long before the end of a device's certificate somebody should think of the next one."""
LARGEST = 2**25
"""Bytes of a file of certificates: the anchors of a publication with as many exclusions as a daemon bears."""
LABEL_KINDS = (NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME)
LABEL_ORGANIZATION = "certkit publication"
"""What the name of a publication's label is made of (`trust.label`), and its first value."""
REGISTRATION_AUTHORITY = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")
"""id-kp-cmcRA (RFC 6402): the extended key usage of whoever takes requests for an authority."""
_NO_AUTHORITY = x509.BasicConstraints(ca=False, path_length=None)
_Extension = x509.Extension[x509.ExtensionType]
UNREADABLE, UNNAMED = "a name that cannot be read", "no name"
"""How a name is spelled that says nothing."""


class Authority(NamedTuple):
    """A self-signed certificate, and what signs with its key."""

    certificate: x509.Certificate
    signer: Signer

    def __repr__(self) -> str:
        return f"Authority({self.certificate!r})"  # and not what signs


def authority(signer: Signer, common_name: str, now: datetime, life: timedelta) -> Authority:
    """Make a self-signed authority that can sign leaves only (path length 0)."""
    name = _subject(common_name)
    builder = _builder(
        (name, name, signer.public_key, now - BACKDATED, now + life),
        _extension(x509.BasicConstraints(ca=True, path_length=0), critical=True),
        _extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True),
        _extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key)),
    )
    return Authority(signer.sign_certificate(builder), signer)


def daemon(
    issuer: Authority,
    public_key: PublicKey,
    hosts: Sequence[x509.DNSName | x509.IPAddress],
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    """Sign a daemon's certificate for its host names and addresses; the first is its common name."""
    rsa_key = isinstance(public_key, rsa.RSAPublicKey)
    return _leaf(
        issuer,
        public_key,
        subject=_subject(str(hosts[0].value)[: names.TEXT_LIMIT]),
        alternative=x509.SubjectAlternativeName(hosts),
        purposes=[ExtendedKeyUsageOID.SERVER_AUTH],
        usage=key_usage(digital_signature=True, key_encipherment=rsa_key),
        now=now,
        life=life,
    )


def enrollment_server(
    issuer: Authority, public_key: PublicKey, host: x509.DNSName | x509.IPAddress, now: datetime, life: timedelta
) -> x509.Certificate:
    """Sign the certificate of the server that enrolls, which may act for the authority (RFC 7030, section 3.6.1).

    Who enrolls asks for that usage, so that a daemon's key can enroll nobody, though one authority vouches for both.
    """
    return _leaf(
        issuer,
        public_key,
        subject=_subject(str(host.value)[: names.TEXT_LIMIT]),
        alternative=x509.SubjectAlternativeName([host]),
        purposes=[ExtendedKeyUsageOID.SERVER_AUTH, REGISTRATION_AUTHORITY],
        usage=key_usage(digital_signature=True),
        now=now,
        life=life,
    )


def device(
    issuer: Authority,
    public_key: PublicKey,
    *,
    person: str,
    dns_name: str,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    """Sign a device's certificate: the person's full name as subject, one DNS name (`names.device_name`)."""
    return _leaf(
        issuer,
        public_key,
        subject=_subject(person),
        alternative=x509.SubjectAlternativeName([x509.DNSName(dns_name)]),
        purposes=[ExtendedKeyUsageOID.CLIENT_AUTH],
        usage=key_usage(digital_signature=True),
        now=now,
        life=life,
    )


def daemon_host(
    issuer: Authority, public_key: PublicKey, name: str, now: datetime, life: timedelta
) -> x509.Certificate:
    """Sign what a daemon's host shows to the server that enrolls, `name` being the daemon's.

    The issuer is the authority that vouches for daemons, and no daemon believes that one of clients: whoever holds
    this gets in at none. It vouches for no host name, so it cannot pose as a daemon either.
    """
    return _leaf(
        issuer,
        public_key,
        subject=watcher_subject(name),
        alternative=None,
        purposes=[ExtendedKeyUsageOID.CLIENT_AUTH],
        usage=key_usage(digital_signature=True),
        now=now,
        life=life,
    )


def watcher(signer: Signer, name: str, now: datetime, life: timedelta) -> x509.Certificate:
    """Sign the certificate by which a daemon's host gets in at its own daemon, which is told to trust it alone.

    It is signed by itself, so it vouches for nobody else: it is no authority, and Go and OpenSSL let a leaf in that is
    an anchor itself.
    """
    subject = watcher_subject(name)
    builder = _builder(
        (subject, subject, signer.public_key, now - BACKDATED, now + life),
        _extension(_NO_AUTHORITY, critical=True),
        _extension(key_usage(digital_signature=True), critical=True),
        _extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])),
        _extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key)),
    )
    return signer.sign_certificate(builder)


def watcher_subject(name: str) -> x509.Name:
    """Return the name of a daemon's host in certificates; the blank in it makes it no host name to anybody."""
    return _subject(f"host {name}")


def reissue(
    original: x509.Certificate, name: x509.Name, *, without: type[x509.ExtensionType] = x509.AuthorityKeyIdentifier
) -> x509.CertificateBuilder:
    """Begin a self-signed certificate with all of an authority's but the serial number and `without` one extension.

    Key, key identifier and validity stay, so what the authority signed leads to it under the same name.
    """
    builder = (
        x509.CertificateBuilder(name, name, public_of(original), x509.random_serial_number())
        .not_valid_before(original.not_valid_before_utc)
        .not_valid_after(original.not_valid_after_utc)
    )
    for extension in original.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier | without):
            builder = builder.add_extension(extension.value, extension.critical)
    # An adopted authority may point to itself by its former name and serial number: point by the key alone.
    return builder.add_extension(key_identifier(original), critical=False)


@functools.lru_cache(maxsize=32)  # a command reads the same few again and again
def load(content: bytes) -> x509.Certificate:
    """Read one certificate, PEM or DER; raise MalformedError if it is none.

    Names, times and serial number can be read of what is returned. Extensions and the public key are judged when they
    are asked for: `extensions.find` and `keys.public_of` raise MalformedError, too.
    """
    read = x509.load_pem_x509_certificate if b"-----BEGIN" in content else x509.load_der_x509_certificate
    try:
        return _sound(read(_bounded(content)))
    except parsing.FAILURES:
        raise MalformedError(
            "it is not a certificate", "Name a certificate's file, PEM or DER.", code="not-a-certificate"
        ) from None


def load_all(pem: bytes) -> list[x509.Certificate]:
    """Read every certificate of a PEM file, at least one; raise MalformedError if there is none or one is broken."""
    try:
        return [_sound(each) for each in x509.load_pem_x509_certificates(_bounded(pem))]
    except parsing.FAILURES:
        raise MalformedError(
            "there is no certificate in PEM form in it", "Name a certificate's file.", code="no-certificate-in-pem"
        ) from None


@functools.lru_cache(64)  # an authority's is in every bundle
def to_pem(certificate: x509.Certificate) -> bytes:
    """Encode a certificate as PEM (RFC 7468)."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def to_der(certificate: x509.Certificate) -> bytes:
    """Encode a certificate as DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


@functools.lru_cache(64)  # of an authority it is asked at each certificate that it signs
def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate as people compare it: `6f:0c:…`, 32 bytes in lower case."""
    return certificate.fingerprint(hashes.SHA256()).hex(":")


def serial_text(number: int) -> str:
    """Spell a serial number as `openssl x509 -serial` prints it, but in lower case: the spelling used everywhere."""
    digits = f"{number:x}"
    return digits.zfill(len(digits) + len(digits) % 2)


def words(name: x509.Name) -> str:
    """Spell a subject or an issuer for people: its common name where that is all there is, else RFC 4514's form.

    A label (`trust.label`), of which nobody wants to read 64 digits, is spelled `label acme 7 (4ff37c94…)`.
    """
    kinds, values = tuple(each.oid for each in name), [str(each.value) for each in name]
    if kinds == (NameOID.COMMON_NAME,):
        return values[0]
    if kinds == LABEL_KINDS and values[0] == LABEL_ORGANIZATION:
        return f"label {values[2]} ({values[1][:8]}…)"
    return name.rfc4514_string()


def points_to(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Tell whether a certificate names an authority as its issuer, and its key (RFC 5280, section 4.2.1.1)."""
    named = find(certificate, x509.AuthorityKeyIdentifier)
    return der.issuer(certificate) == der.subject(authority) and named == key_identifier(authority)


def has_signed(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Tell whether a certificate bears an authority's signature, and its name as issuer."""
    try:
        if not can_vouch(authority.public_key()):
            return False
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def has_signed_itself(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is self-signed, with SHA-1 or MD5 too, which `has_signed` believes from nobody."""
    if has_signed(certificate, certificate):
        return True
    key, used = certificate.public_key(), certificate.signature_hash_algorithm
    if certificate.issuer != certificate.subject or not can_vouch(key) or not isinstance(used, WEAK_HASHES):
        return False
    signed = certificate.tbs_certificate_bytes
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(certificate.signature, signed, padding.PKCS1v15(), used)
            case ec.EllipticCurvePublicKey():
                key.verify(certificate.signature, signed, ec.ECDSA(used))
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def subject_words(certificate: x509.Certificate) -> str:
    """Spell the subject of anybody's certificate, as `words` does; one that cannot be read is called so."""
    return _spelled(lambda: certificate.subject)


def issuer_words(certificate: x509.Certificate) -> str:
    """Spell the issuer of anybody's certificate, as `words` does; one that cannot be read is called so."""
    return _spelled(lambda: certificate.issuer)


def renewal_due(begin: datetime, end: datetime) -> datetime:
    """Return from when on to ask for the next certificate of a device; a short-lived one's is its last third."""
    return end - min(NOTICE, (end - begin) / 3)


def _spelled(read: Callable[[], x509.Name]) -> str:
    try:
        return words(read()) or UNNAMED
    except parsing.FAILURES:
        return UNREADABLE


def _bounded(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise MalformedError(f"it has more than {LARGEST} bytes", code="certificate-too-large", limit=LARGEST)
    return content


def _sound(certificate: x509.Certificate) -> x509.Certificate:
    """Return a certificate whose names, times and serial number can be read; else raise one of parsing.FAILURES.

    `cryptography` reads all that when it is asked for, so a stranger's certificate fails somewhere else otherwise.
    """
    for name in (certificate.subject, certificate.issuer):
        words(name)
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.serial_number
    return certificate


def _leaf(
    issuer: Authority,
    public_key: PublicKey,
    *,
    subject: x509.Name,
    alternative: x509.SubjectAlternativeName | None,
    purposes: Sequence[x509.ObjectIdentifier],
    usage: x509.KeyUsage,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    own = issuer.certificate
    begin, end = max(now - BACKDATED, own.not_valid_before_utc), own.not_valid_after_utc
    if end <= now:
        raise RefusedError("the authority has expired", "Replace it.", code="issuer-expired", ended=end)
    extensions = [
        _extension(_NO_AUTHORITY, critical=True),
        _extension(usage, critical=True),
        _extension(x509.ExtendedKeyUsage(purposes)),
        _extension(key_identifier(own)),
    ]
    if alternative is not None:
        extensions.append(_extension(alternative))
    builder = _builder((subject, own.subject, public_key, begin, min(now + life, end)), *extensions)
    return issuer.signer.sign_certificate(builder)


def _builder(
    what: tuple[x509.Name, x509.Name, PublicKey, datetime, datetime], *extensions: _Extension
) -> x509.CertificateBuilder:
    """Begin a certificate of a subject, its issuer, a key, begin and end.

    The parts are handed over at once: to add them one by one takes a server as long as to sign them.
    """
    subject, issuer, public_key, begin, end = what
    return x509.CertificateBuilder(
        issuer,
        subject,
        public_key,
        x509.random_serial_number(),
        _whole_seconds(begin),
        _whole_seconds(end),
        [_extension(x509.SubjectKeyIdentifier.from_public_key(public_key)), *extensions],
    )


def _extension(value: x509.ExtensionType, *, critical: bool = False) -> _Extension:
    return x509.Extension(value.oid, critical, value)


def _whole_seconds(time: datetime) -> datetime:
    """Return a time as a builder keeps it: in UTC, and without saying so."""
    return time.astimezone(UTC).replace(microsecond=0, tzinfo=None)


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
