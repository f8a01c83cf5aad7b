"""The names in certificates: for hosts, by the rules of Go's crypto/x509 that judges for Earthly; and for people."""

import ipaddress

from cryptography import x509

from certkit.pki import extensions


def hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the DNS names and IP addresses of a certificate; its common name does not count."""
    dns, addresses = _alternatives(certificate)
    return (*dns, *addresses)


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Tell whether a certificate is for a host: an address by itself, a name by itself or a wildcard's first label."""
    dns, addresses = _alternatives(certificate)
    try:
        return str(ipaddress.ip_address(host)) in addresses
    except ValueError:
        return any(_matches(name, host) for name in dns)


def key_of(authority: x509.Certificate) -> str:
    """Return the identifier of an authority's key, in short; `unknown` if it has none."""
    own = extensions.find(authority, x509.SubjectKeyIdentifier)
    return _short(own.digest if own else None)


def key_of_issuer(certificate: x509.Certificate) -> str:
    """Return the identifier of the key that has signed a certificate by its own word, as `key_of` does."""
    issuer = extensions.find(certificate, x509.AuthorityKeyIdentifier)
    return _short(issuer.key_identifier if issuer else None)


def _short(identifier: bytes | None) -> str:
    return f"{identifier[:4].hex(':')}:…" if identifier else "unknown"


def _alternatives(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    found = extensions.find(certificate, x509.SubjectAlternativeName)
    if found is None:
        return [], []
    return found.get_values_for_type(x509.DNSName), [str(ip) for ip in found.get_values_for_type(x509.IPAddress)]


def _matches(pattern: str, host: str) -> bool:
    wanted, offered = _labels(host), _labels(pattern)
    return all(wanted) and wanted[1:] == offered[1:] and offered[0] in ("*", wanted[0])


def _labels(name: str) -> list[str]:
    return name.lower().removesuffix(".").split(".")
