"""Certificate signing requests (PKCS#10, RFC 2986): a laptop's key stays there, and only its public half travels."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from certkit.errors import MalformedError, RefusedError
from certkit.pki.keys import PublicKey, check_public
from certkit.pki.signer import Signer

LARGEST = 2**16
"""Bytes of a request: one for an RSA key takes three thousand."""


def make(signer: Signer) -> bytes:
    """Make a request in PEM form that says nothing but the key: the lead decides every name."""
    return _make(signer).public_bytes(serialization.Encoding.PEM)


def make_der(signer: Signer) -> bytes:
    """Make the same request in DER form."""
    return _make(signer).public_bytes(serialization.Encoding.DER)


def read(content: bytes) -> PublicKey:
    """Return the public key of a request, PEM or DER; nothing else in it is believed.

    Raises MalformedError if it is no request, RefusedError if its signature or its key will not do.
    """
    if len(content) > LARGEST:
        raise MalformedError("it is not a certificate request", code="not-a-request")
    try:
        request = x509.load_pem_x509_csr(content) if b"-----BEGIN" in content else x509.load_der_x509_csr(content)
        public_key = check_public(request.public_key())  # first, for the time that a signature takes to check
        genuine = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature, x509.InvalidVersion):
        raise MalformedError("it is not a certificate request", code="not-a-request") from None
    if not genuine:
        raise RefusedError(
            "the request is not signed by the key in it",
            "Ask for it to be made and sent again.",
            code="request-signature",
        )
    return public_key


def _make(signer: Signer) -> x509.CertificateSigningRequest:
    return signer.sign_request(x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])))
