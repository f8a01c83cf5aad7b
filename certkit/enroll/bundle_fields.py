"""Values of a parsed file that anybody may have made: each is of its kind and size, or CertkitError is raised."""

from collections.abc import Mapping
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.errors import MalformedError
from certkit.pki import certificates, extensions, keys

PEM_LIMIT = 8 * 1024
"""Characters of one certificate or key: twice what RSA-4096 needs, and few enough to be checked at once."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_REMEDY = "Ask for a new one."


def text(found: Mapping[str, object], key: str, limit: int) -> str:
    """Give a text of 1 to `limit` characters, all of which UTF-8 can hold."""
    value = found.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise MalformedError(f"its {key} is missing, no text, or too long", _REMEDY)
    return value.encode(errors="replace").decode()


def items(found: Mapping[str, object], key: str, limit: int) -> list[dict[str, object]]:
    """Give a list of 1 to `limit` objects."""
    value = found.get(key)
    if not isinstance(value, list) or not 0 < len(value) <= limit:
        raise MalformedError(f"its {key} are missing, no list, or too many", _REMEDY)
    if not all(isinstance(item, dict) for item in value):
        raise MalformedError(f"its {key} are not what they should be", _REMEDY)
    return value


def certificate(found: Mapping[str, object], key: str) -> x509.Certificate:
    """Give a certificate in PEM form."""
    return certificates.load(text(found, key, PEM_LIMIT).encode())


def authority(found: Mapping[str, object], key: str) -> x509.Certificate:
    """Give a certificate that may vouch for others."""
    loaded = certificate(found, key)
    constraints = _extension(loaded, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise MalformedError(f"its {key} is not an authority's", _REMEDY)
    return loaded


def client_certificate(found: Mapping[str, object], key: str, dns_name: str) -> x509.Certificate:
    """Give a client's certificate, which must bear `dns_name` and no other."""
    loaded = certificate(found, key)
    try:
        keys.check_public(loaded.public_key())
    except ValueError:
        raise MalformedError(f"its {key} holds no usable key", _REMEDY) from None
    usage = _extension(loaded, x509.ExtendedKeyUsage)
    if usage is None or list(usage) != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        raise MalformedError(f"its {key} is not a client's", _REMEDY)
    names = _extension(loaded, x509.SubjectAlternativeName)
    if names is None or list(names) != [x509.DNSName(dns_name)]:
        raise MalformedError(f"its {key} is for somebody else than it says", _REMEDY)
    return loaded


def private_key(found: Mapping[str, object], key: str) -> keys.PrivateKey:
    """Give an unencrypted private key."""
    return keys.load(text(found, key, PEM_LIMIT).encode())


def _extension(loaded: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return extensions.find(loaded, kind)
    except (MalformedError, ValueError):
        raise MalformedError("one of its certificates is damaged", _REMEDY) from None
