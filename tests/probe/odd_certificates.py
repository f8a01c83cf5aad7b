"""Certificates that few programs can read in full, signed by whom it may concern."""

from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certkit.pki import certificates, der, keys
from certkit.pki.certificates import Authority
from certkit.pki.signer import exportable_key
from tests.probe.pki import ANCIENT, DAY, NOW

_SAN = x509.ObjectIdentifier("2.5.29.17")
_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_ECDSA_WITH_SHA1 = bytes.fromhex("300906072a8648ce3d0401")
_EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
_COMMON_NAME = "oddly-called"
_LONG_FORM = 0x80


def resigned(signer: Authority, certificate: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return a certificate (DER) whose content was changed and signed again: an authority can sign anything."""
    key = exportable_key(signer.signer)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    content = change(x509.load_der_x509_certificate(certificate).tbs_certificate_bytes)
    signature = key.sign(content, ec.ECDSA(hashes.SHA256()))
    return _der(0x30, content + _ECDSA_WITH_SHA256 + _der(0x03, b"\x00" + signature))


def odd(signer: Authority, key: keys.PrivateKey) -> dict[str, bytes]:
    """Return certificates for a key by what is odd about each, DER."""
    plain = _built(signer, key, x509.SubjectAlternativeName([x509.DNSName("build.test")]))
    x400 = b"\x87\x04\x7f\x00\x00\x01" + _der(0xA3, _der(0x30, b""))
    return {
        "an x400Address": _built(signer, key, x509.UnrecognizedExtension(_SAN, _der(0x30, x400))),
        "no names at all in its extension": _built(signer, key, x509.UnrecognizedExtension(_SAN, b"\x30\x00")),
        "an extension that is none": _built(signer, key, x509.UnrecognizedExtension(_SAN, b"\xff")),
        "an address of three bytes": _built(
            signer, key, x509.UnrecognizedExtension(_SAN, b"\x30\x05\x87\x03\x7f\x00\x00")
        ),
        "an unknown kind of key": resigned(
            signer, plain, lambda content: content.replace(_EC_PUBLIC_KEY, _EC_PUBLIC_KEY[:-1] + b"\x63")
        ),
        "a common name that is not UTF-8": resigned(
            signer, plain, lambda content: content.replace(_COMMON_NAME.encode(), b"\xff\xfe" * 6)
        ),
        "a common name with lines": resigned(
            signer, plain, lambda content: content.replace(_COMMON_NAME.encode(), b"\n\x1b[2J\r\n\x07hello")
        ),
    }


def _built(signer: Authority, key: keys.PrivateKey, alternative: x509.ExtensionType) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _COMMON_NAME)]))
        .issuer_name(signer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ANCIENT)
        .not_valid_after(NOW + 365 * DAY)
        .add_extension(alternative, critical=False)
    )
    return certificates.to_der(signer.signer.sign_certificate(builder))


def _der(tag: int, content: bytes) -> bytes:
    count = len(content)
    if count < _LONG_FORM:
        return bytes([tag, count]) + content
    size = (count.bit_length() + 7) // 8
    return bytes([tag, _LONG_FORM | size]) + count.to_bytes(size) + content


def with_sha1(signer: Authority, certificate: x509.Certificate) -> x509.Certificate:
    """Return a certificate signed anew with SHA-1, which no library signs with any more."""
    return _changed(signer, certificate, algorithm=_ECDSA_WITH_SHA1, used=hashes.SHA1())


def with_negative_serial(signer: Authority, certificate: x509.Certificate) -> x509.Certificate:
    """Return a certificate with a serial number below zero, signed anew."""
    return _changed(signer, certificate, serial=b"\x02\x02\xff\x01")


def _changed(
    signer: Authority,
    certificate: x509.Certificate,
    *,
    serial: bytes = b"",
    algorithm: bytes = _ECDSA_WITH_SHA256,
    used: hashes.HashAlgorithm | None = None,
) -> x509.Certificate:
    key = exportable_key(signer.signer)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    version, old_serial, _, *rest = der.split(der.content(certificate.tbs_certificate_bytes))
    content = _der(0x30, b"".join([version, serial or old_serial, algorithm, *rest]))
    signature = key.sign(content, ec.ECDSA(used or hashes.SHA256()))
    return certificates.load(_der(0x30, content + algorithm + _der(0x03, b"\x00" + signature)))
