"""Values of a parsed file that anybody may have made: each is of its kind and size, or MalformedError is raised.

A certificate is read whole here. What is parsed only when somebody asks for it, such as its names, would otherwise
fail later, when the laptop has been enrolled already.
"""

import contextlib
from collections.abc import Iterator, Mapping

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.errors import MalformedError
from certkit.pki import certificates, extensions, keys, parsing

PEM_LIMIT = 8 * 1024
"""Characters of one certificate: few enough to be checked at once."""
KEY_LIMIT = 3400
"""Characters of one key: what RSA-4096 needs."""
RSA_LIMIT = 8192
"""Bits of an authority's RSA key: Go's limit for what a peer sends."""

_REMEDY = "Ask for a new one."


def text(found: Mapping[str, object], key: str, limit: int) -> str:
    """Return a text of 1 to `limit` characters, all of which UTF-8 can hold."""
    value = found.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise _wrong(key, f"its {key} is missing, not text, or too long")
    return value.encode(errors="replace").decode()


def items(found: Mapping[str, object], key: str, limit: int) -> list[dict[str, object]]:
    """Return a list of 1 to `limit` objects."""
    value = found.get(key)
    if not isinstance(value, list) or not 0 < len(value) <= limit:
        raise _wrong(key, f"its {key} are missing, not a list, or too many")
    if not all(isinstance(item, dict) for item in value):
        raise _wrong(key, f"its {key} are not what they should be")
    return value


def certificate(found: Mapping[str, object], key: str) -> x509.Certificate:
    """Return a certificate in PEM form, all of which can be read."""
    loaded = certificates.load(text(found, key, PEM_LIMIT).encode())
    with _read_whole():
        _ = (loaded.subject, loaded.issuer, loaded.extensions, loaded.public_key())
        _ = (loaded.not_valid_before_utc, loaded.not_valid_after_utc, loaded.signature_hash_algorithm)
    return loaded


def authority(found: Mapping[str, object], key: str) -> x509.Certificate:
    """Return a certificate that may vouch for others."""
    loaded = certificate(found, key)
    constraints = extensions.find(loaded, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise _wrong(key, f"its {key} is not an authority's")
    if getattr(keys.public_of(loaded), "key_size", 0) > RSA_LIMIT:
        raise _wrong(key, f"its {key} holds a key of more than {RSA_LIMIT} bits")
    return loaded


def client_certificate(found: Mapping[str, object], key: str, dns_name: str) -> x509.Certificate:
    """Return a client's certificate, which must bear `dns_name` and no other."""
    loaded = certificate(found, key)
    keys.check_public(loaded.public_key())
    usage = extensions.find(loaded, x509.ExtendedKeyUsage)
    if usage is None or list(usage) != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        raise _wrong(key, f"its {key} is not a client's")
    names = extensions.find(loaded, x509.SubjectAlternativeName)
    if names is None or list(names) != [x509.DNSName(dns_name)]:
        raise _wrong(key, f"its {key} is for somebody else than it says")
    return loaded


def private_key(found: Mapping[str, object], key: str) -> keys.PrivateKey:
    """Return an unencrypted private key."""
    return keys.load(text(found, key, KEY_LIMIT).encode())


@contextlib.contextmanager
def _read_whole() -> Iterator[None]:
    try:
        yield
    except parsing.FAILURES:
        raise MalformedError("one of its certificates or keys is damaged", _REMEDY, code="bundle-damaged") from None


def _wrong(field: str, problem: str) -> MalformedError:
    return MalformedError(problem, _REMEDY, code="bundle-field-wrong", field=field)
