"""Files of mutual TLS in every shape that people bring: as they are made, and as editors and copies leave them."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certkit.pki import certificates, keys
from certkit.pki.signer import KeySigner

NOW = datetime.now(UTC).replace(microsecond=0)
LIFE = timedelta(days=365)

Pair = tuple[bytes, bytes]
"""A certificate and its key, as files."""


def pair_of(key: keys.PrivateKey) -> Pair:
    """Return an authority's certificate for a key, and the key."""
    return certificates.to_pem(certificates.authority(KeySigner(key), "authority", NOW, LIFE).certificate), keys.to_pem(
        key
    )


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    """Return what `openssl` prints."""
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def of_openssl(*kind: str) -> Pair:
    """Return a self-signed certificate and its key of a kind that only OpenSSL makes."""
    key = openssl("genpkey", *kind)
    return openssl("req", "-x509", "-new", "-key", "/dev/stdin", "-subj", "/CN=strange", "-days", "9", given=key), key


def key_forms(key: keys.PrivateKey) -> dict[str, bytes]:
    """Return a key in the forms that OpenSSL has written it in."""
    old = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    new = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    attributes = b"Bag Attributes\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n"
    secret = serialization.BestAvailableEncryption(b"secret")
    return {
        "PKCS#8": new,
        "of old": old,
        "under the other's name": old.replace(b"EC PRIVATE", b"PRIVATE").replace(b"RSA PRIVATE", b"PRIVATE"),
        "PKCS#8 under the name of old": new.replace(b" PRIVATE", b" RSA PRIVATE"),
        "after EC PARAMETERS": parameters + old,
        "after attributes": attributes + new,
        "two": new + keys.to_pem(keys.generate("p256")),
        "another before it": keys.to_pem(keys.generate("p256")) + new,
        "encrypted": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret),
        "encrypted as of old": key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, secret),
        "encrypted, then plain": keys.to_pem(key, b"secret") + new,
        "in OpenSSH's form": key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        "DER": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    }


def _reflowed(pem: bytes) -> bytes:
    first, *middle, last = pem.strip().split(b"\n")
    return b"\n".join([first, b"".join(middle), last, b""])


MARK = b"\xef\xbb\xbf"

SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "as made": lambda pem: pem,
    "CRLF": lambda pem: pem.replace(b"\n", b"\r\n"),
    "CRLF without an end": lambda pem: pem.replace(b"\n", b"\r\n")[:-1],
    "CR": lambda pem: pem.replace(b"\n", b"\r"),
    "CR CR LF": lambda pem: pem.replace(b"\n", b"\r\r\n"),
    "no newline at the end": lambda pem: pem.rstrip(),
    "a byte order mark": lambda pem: MARK + pem,
    "a byte order mark before each block": lambda pem: pem.replace(b"-----BEGIN", MARK + b"-----BEGIN"),
    "a byte order mark, then text": lambda pem: MARK + b"# ours\n" + pem,
    "UTF-16": lambda pem: pem.decode().encode("utf-16"),
    "indented": lambda pem: b"".join(b"  " + line for line in pem.splitlines(keepends=True)),
    "content indented": lambda pem: pem.replace(b"\nM", b"\n  M"),
    "indented by a tab": lambda pem: b"".join(b"\t" + line for line in pem.splitlines(keepends=True)),
    "in YAML": lambda pem: b"ca: |\n" + b"".join(b"  " + line for line in pem.splitlines(keepends=True)),
    "joined": lambda pem: pem.rstrip(b"\n") + pem,
    "joined by a blank": lambda pem: pem.rstrip(b"\n") + b" " + pem,
    "blank lines inside": lambda pem: pem.replace(b"\n", b"\n\n"),
    "blank lines before and after": lambda pem: b"\n\n" + pem + b"\n\n",
    "blanks at the ends": lambda pem: pem.replace(b"\n", b" \t\n"),
    "blanks within": lambda pem: pem.replace(b"Q", b"Q "),
    "a header": lambda pem: pem.replace(b"-----\nM", b"-----\nComment: ours\n\nM"),
    "a header without a blank line": lambda pem: pem.replace(b"-----\nM", b"-----\nComment: ours\nM"),
    "text around": lambda pem: b"subject=CN = x\nissuer: y\n\n" + pem + b"that is all\n",
    "text before, in the line": lambda pem: pem.replace(b"-----BEGIN", b"ca: -----BEGIN"),
    "text after, in the line": lambda pem: pem.replace(
        b"\n-----END CERTIFICATE-----", b"\n-----END CERTIFICATE----- x"
    ),
    "in quotes": lambda pem: b'"' + pem.rstrip(b"\n") + b'"\n',
    "a comment": lambda pem: pem + b"# -----BEGIN CERTIFICATE-----\n",
    "commented out": lambda pem: b"".join(b"# " + line for line in pem.splitlines(keepends=True)),
    "escaped": lambda pem: pem.replace(b"\n", b"\\n"),
    "escaped in quotes": lambda pem: b'"' + pem.replace(b"\n", b"\\n") + b'"',
    "in one line": lambda pem: pem.replace(b"\n", b" "),
    "content in one line": _reflowed,
    "cut off": lambda pem: pem[: len(pem) // 2],
    "cut off, then whole": lambda pem: pem[: len(pem) // 2] + b"\n" + pem,
    "without its beginning": lambda pem: pem.split(b"\n", 1)[1],
    "an end of another name": lambda pem: pem.replace(b"END CERTIFICATE", b"END CERT"),
    "four dashes": lambda pem: pem.replace(b"-----", b"----"),
    "six dashes": lambda pem: pem.replace(b"-----", b"------"),
    "long dashes": lambda pem: pem.replace(b"-----", "—".encode() * 2),
    "lower case": lambda pem: pem.replace(b"BEGIN", b"begin").replace(b"END", b"end"),
    "an old name": lambda pem: pem.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
    "OpenSSL's trusted name": lambda pem: pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"),
    "not base64": lambda pem: pem.replace(b"\nM", b"\n!M"),
    "padding inside": lambda pem: pem.replace(b"\nM", b"\n=M"),
    "an empty block before": lambda pem: b"-----BEGIN X-----\n-----END X-----\n" + pem,
    "an empty block": lambda pem: b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",  # noqa: ARG005
    "HTML": lambda pem: b"<!doctype html><p>404</p>\n",  # noqa: ARG005
    "nothing": lambda pem: b"",  # noqa: ARG005
    "only a beginning": lambda pem: b"-----BEGIN CERTIFICATE-----",  # noqa: ARG005
}


def strange_certificates() -> dict[str, bytes]:
    """Return certificates, PEM, some of which Go cannot parse."""
    return {
        "secp256k1": of_openssl("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1")[0],
        "RSA-PSS": of_openssl("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048")[0],
        "Ed448": of_openssl("-algorithm", "ED448")[0],
        "explicit parameters": of_openssl(
            "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"
        )[0],
        "P-521": pair_of(ec.generate_private_key(ec.SECP521R1()))[0],
        "a critical key identifier": _with(x509.SubjectKeyIdentifier(b"1234"), critical=True),
        "a critical authority key identifier": _with(x509.AuthorityKeyIdentifier(b"1234", None, None), critical=True),
        "an unknown critical extension": _with(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\x05\x00"), critical=True
        ),
        "a name constraint that is none": _with(x509.NameConstraints([x509.DNSName("a..b")], None), critical=True),
        "a directory name constraint": _with(
            x509.NameConstraints([x509.DirectoryName(x509.Name([]))], None), critical=True
        ),
        "a URI without a host": _with(x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:x")])),
        "an address that is none": _with(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x05\x87\x03\x7f\x00\x00")
        ),
        "a policy twice": _with(
            x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)] * 2)
        ),
    }


def _with(extension: x509.ExtensionType, *, critical: bool = False) -> bytes:
    key = keys.generate("p256")
    name = x509.Name([])
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + LIFE)
        .add_extension(extension, critical)
    )
    return certificates.to_pem(KeySigner(key).sign_certificate(builder))
