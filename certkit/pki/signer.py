"""The one seam through which everything is signed: a key in memory today, one that never leaves its token later.

Whoever makes a certificate fills in a builder and hands it over, and never learns where the key is.
"""

from typing import Protocol

from cryptography import x509

from certkit.errors import RefusedError
from certkit.pki.keys import PrivateKey, PublicKey, signature_hash


class Signer(Protocol):
    """A private key that signs what certkit makes, wherever it is kept."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""

    def sign_certificate(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """Sign a certificate."""

    def sign_crl(self, builder: x509.CertificateRevocationListBuilder) -> x509.CertificateRevocationList:
        """Sign a list of revoked certificates."""

    def sign_request(self, builder: x509.CertificateSigningRequestBuilder) -> x509.CertificateSigningRequest:
        """Sign a certificate signing request."""


class KeySigner:
    """A signer whose key is in memory: read from a file, or just made."""

    def __init__(self, key: PrivateKey) -> None:
        self.key = key

    def __repr__(self) -> str:
        return "KeySigner()"  # the key is not shown by accident

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self.key.public_key()

    def sign_certificate(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """Sign a certificate."""
        return builder.sign(self.key, signature_hash(self.key))

    def sign_crl(self, builder: x509.CertificateRevocationListBuilder) -> x509.CertificateRevocationList:
        """Sign a list of revoked certificates."""
        return builder.sign(self.key, signature_hash(self.key))

    def sign_request(self, builder: x509.CertificateSigningRequestBuilder) -> x509.CertificateSigningRequest:
        """Sign a certificate signing request."""
        return builder.sign(self.key, signature_hash(self.key))


def exportable_key(signer: Signer) -> PrivateKey:
    """Return the private key of a signer that has it in memory; raise RefusedError for any other."""
    if not isinstance(signer, KeySigner):
        raise RefusedError(
            "the key never leaves the device that holds it",
            "Copy it by that device's own means.",
            code="key-not-exportable",
        )
    return signer.key
