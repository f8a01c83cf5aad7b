"""The names in certificates: for hosts, by the rules of Go's crypto/x509 that judges for Earthly; and for people."""

import ipaddress

from cryptography import x509
from cryptography.x509.oid import NameOID

from certkit.errors import MalformedError
from certkit.pki import extensions


def hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the DNS names and IP addresses of a certificate; its common name does not count."""
    dns, addresses = _alternatives(certificate)
    return (*dns, *addresses)


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Tell whether a certificate is for a host: an address by itself, a name by itself or a wildcard's first label."""
    dns, addresses = _alternatives(certificate)
    address = _address(host)
    if address:
        return address in map(_address, addresses)
    return any(_matches(name, host) for name in dns)


def is_misplaced(certificate: x509.Certificate, host: str) -> bool:
    """Tell whether an address stands among a certificate's DNS names, where it names nothing."""
    address = _address(host)
    return bool(address) and address in map(_address, _alternatives(certificate)[0])


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name, which clients have not looked at for years; empty if there is none."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def key_of(authority: x509.Certificate) -> str:
    """Return the identifier of an authority's key, in short; `unknown` if it has none."""
    try:
        own = extensions.find(authority, x509.SubjectKeyIdentifier)
    except MalformedError:
        return _short(None)
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


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address as Go compares it: `::ffff:10.0.0.2` is 10.0.0.2."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None) or found


def _matches(pattern: str, host: str) -> bool:
    wanted, offered = _labels(host), _labels(pattern)
    return all(wanted) and wanted[1:] == offered[1:] and offered[0] in ("*", wanted[0])


def _labels(name: str) -> list[str]:
    return name.lower().removesuffix(".").split(".")
