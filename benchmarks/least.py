"""The least that issues a certificate: load the authority, make a key, sign, write both files.

python benchmarks/least.py AUTHORITY_CERT AUTHORITY_KEY OUT
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

certificate, key, out = map(Path, sys.argv[1:])
authority = x509.load_pem_x509_certificate(certificate.read_bytes())
signer = serialization.load_pem_private_key(key.read_bytes(), None)
if not isinstance(signer, ec.EllipticCurvePrivateKey):
    raise TypeError(key)
own = ec.generate_private_key(ec.SECP256R1())
now = datetime.now(UTC)
signed = (
    x509.CertificateBuilder()
    .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "alice")]))
    .issuer_name(authority.subject)
    .public_key(own.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now)
    .not_valid_after(now + timedelta(days=365))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName("laptop.alice.acme.internal")]), critical=False)
    .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    .sign(signer, hashes.SHA256())
)
out.with_suffix(".pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
out.with_suffix(".key").write_bytes(
    own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
)
