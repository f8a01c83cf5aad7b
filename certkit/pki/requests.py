"""Certificate signing requests (PKCS#10, RFC 2986): a laptop's key stays there, and only its public half travels."""

import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from certkit.errors import MalformedError, RefusedError
from certkit.pki import extensions, parsing
from certkit.pki.keys import WEAK_HASHES, PublicKey, check_public
from certkit.pki.signer import Signer

LARGEST = 2**16
"""Bytes of a request: one for an RSA key takes three thousand."""


_BEGIN = rb"-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----"


def make(signer: Signer) -> bytes:
    """Make a request in PEM form that says nothing but the key: the lead decides every name."""
    return _make(signer).public_bytes(serialization.Encoding.PEM)


def make_der(signer: Signer, renewed: x509.Certificate | None = None) -> bytes:
    """Make the same request in DER form.

    One to renew a certificate bears its names, as RFC 7030, section 4.2.2 demands: other servers than certkit's check.
    """
    return _make(signer, renewed).public_bytes(serialization.Encoding.DER)


def read(content: bytes) -> PublicKey:
    """Return the public key of a request, PEM or DER; nothing else in it is believed.

    Raises MalformedError if it is no request, RefusedError if its signature or its key will not do.
    """
    try:
        request = _load(content)
        is_weak = isinstance(request.signature_hash_algorithm, WEAK_HASHES)
        public_key = check_public(request.public_key())  # first, for the time that a signature takes to check
        genuine = is_weak or request.is_signature_valid
    except (InvalidSignature, *parsing.FAILURES):
        raise MalformedError("it is not a certificate request", code="not-a-request") from None
    if is_weak:
        used = request.signature_hash_algorithm
        raise RefusedError(
            f"the request is signed with {used.name.upper() if used else 'nothing'}, which proves nothing any more",
            "Ask for one that is signed with SHA-256: openssl req -new -sha256, keytool -sigalg SHA256withECDSA.",
            code="request-signed-weakly",
        )
    if not genuine:
        raise RefusedError(
            "the request is not signed by the key in it",
            "Ask for it to be made and sent again.",
            code="request-signature",
        )
    return public_key


def _make(signer: Signer, renewed: x509.Certificate | None = None) -> x509.CertificateSigningRequest:
    builder = x509.CertificateSigningRequestBuilder().subject_name(renewed.subject if renewed else x509.Name([]))
    alternative = extensions.find(renewed, x509.SubjectAlternativeName) if renewed else None
    if alternative:
        builder = builder.add_extension(alternative, critical=False)
    return signer.sign_request(builder)


def names_itself(content: bytes) -> bool:
    """Tell whether a request says whose it is, as those of other tools do; raise MalformedError if it is none."""
    try:
        return bool(_load(content).subject)
    except ValueError:
        raise MalformedError("it is not a certificate request", code="not-a-request") from None


def _load(content: bytes) -> x509.CertificateSigningRequest:
    """Read a request; raise ValueError if it is none, MalformedError if there are several."""
    if len(content) > LARGEST:
        raise ValueError
    found = len(re.findall(_BEGIN, content))
    if found > 1:
        raise MalformedError(
            f"there are {found} requests in it, and each is somebody's",
            "Put each into a file of its own.",
            code="requests-several",
            count=found,
        )
    return x509.load_pem_x509_csr(content) if b"-----BEGIN" in content else x509.load_der_x509_csr(content)
