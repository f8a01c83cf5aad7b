"""Authorities that were made elsewhere, as files: what their makers put into them."""

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority
from certkit.pki.extensions import key_identifier, key_usage
from certkit.pki.signer import KeySigner, exportable_key

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
TEN_YEARS = 3652 * DAY
BOTH = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
LEAF = x509.BasicConstraints(ca=False, path_length=None)
CA = x509.BasicConstraints(ca=True, path_length=None)


@dataclass(frozen=True)
class Maker:
    """How an authority is made: its key, its names, its extensions (those that are critical first)."""

    key_type: str = "p256"
    names: tuple[tuple[x509.ObjectIdentifier, str], ...] = ((NameOID.COMMON_NAME, "old authority"),)
    critical: tuple[x509.ExtensionType, ...] = (CA, key_usage(key_cert_sign=True, crl_sign=True))
    others: tuple[x509.ExtensionType, ...] = ()
    begins: datetime = NOW - DAY
    ends: datetime = NOW + TEN_YEARS
    form: PrivateFormat = field(default=PrivateFormat.PKCS8)

    def make(self, issuer: Authority | None = None) -> Authority:
        """Make it, self-signed unless there is an issuer."""
        key = keys.generate(self.key_type)
        subject = x509.Name([x509.NameAttribute(kind, value) for kind, value in self.names])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        for extensions, critical in ((self.critical, True), (self.others, False)):
            for extension in extensions:
                builder = builder.add_extension(extension, critical)
        return Authority(
            builder.sign(exportable_key(issuer.signer) if issuer else key, hashes.SHA256()), KeySigner(key)
        )


EARTHLY = Maker(
    "rsa4096",
    ((NameOID.ORGANIZATION_NAME, "Earthly Buildkit GRPC CA"),),
    (CA, key_usage(digital_signature=True, key_cert_sign=True)),
    (BOTH,),
    form=PrivateFormat.TraditionalOpenSSL,
)
"""`earthly bootstrap`: RSA-4096, both usages in every certificate, no common name, ten years, a key in PKCS#1."""

MKCERT = Maker(
    "rsa3072",
    (
        (NameOID.ORGANIZATION_NAME, "mkcert development CA"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "root@vm"),
        (NameOID.COMMON_NAME, "mkcert root@vm"),
    ),
    (key_usage(key_cert_sign=True), x509.BasicConstraints(ca=True, path_length=0)),
)
"""mkcert 1.4.4: RSA-3072, no usage for lists of revoked certificates, a key in PKCS#8."""

SEC1 = Maker("p384", form=PrivateFormat.TraditionalOpenSSL)


def leaf(authority: Authority, name: str) -> bytes:
    """Sign a certificate as these tools do, for a laptop and with their own names in it."""
    usages = (LEAF, key_usage(digital_signature=True))
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("10.0.0.9"))])
    signer = key_identifier(authority.certificate)
    maker = Maker(names=((NameOID.COMMON_NAME, name),), critical=usages, others=(BOTH, names, signer), ends=NOW + DAY)
    return certificates.to_pem(maker.make(authority).certificate)


def write(folder: Path, maker: Maker, authority: Authority, secret: bytes = b"") -> tuple[Path, Path]:
    """Write its two files; give their paths, the certificate's first."""
    folder.mkdir(exist_ok=True)
    certificate, key = folder / "ca_cert.pem", folder / "ca_key.pem"
    certificate.write_bytes(certificates.to_pem(authority.certificate))
    encryption: KeySerializationEncryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    key.write_bytes(exportable_key(authority.signer).private_bytes(Encoding.PEM, maker.form, encryption))
    return certificate, key
