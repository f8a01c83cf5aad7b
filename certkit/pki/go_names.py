"""Names and name constraints as Go's crypto/x509 judges them (RFC 5280, section 4.2.1.10, with Go's own turns).

As soon as an anchor has constraints of any kind, Go reads every subjectAltName of a client certificate, and refuses the
certificate for one that it cannot read. What a type of names is constrained by says nothing about the other types.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from cryptography import x509

from certkit.pki import mailbox

CHECKED = (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier, x509.IPAddress)
"""The types of names that Go applies constraints to; it passes over all others."""

_URI = r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?[A-Za-z0-9._~/?#\[\]@:!$&'()*+,;=-]*"


def subtrees(constraints: x509.NameConstraints | None) -> list[x509.GeneralName]:
    """Return all subtrees of constraints, the permitted ones first."""
    if constraints is None:
        return []
    return [*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ())]


def is_subtree(subtree: x509.GeneralName) -> bool:
    """Tell whether Go can read a subtree; a root with one that it cannot read is skipped."""
    match subtree:
        case x509.RFC822Name() if "@" in subtree.value:
            return mailbox.parse(subtree.value) is not None
        case x509.DNSName() | x509.RFC822Name():
            return bool(mailbox.DOMAIN.fullmatch(subtree.value.removeprefix("."))) and subtree.value != "."
        case x509.UniformResourceIdentifier():
            return bool(mailbox.DOMAIN.fullmatch(subtree.value.removeprefix("."))) and not _is_address(subtree.value)
    return True


def is_uri(value: str) -> bool:
    """Tell whether Go can surely read a URI; one with anything unusual in it counts as unreadable."""
    try:
        host = urlsplit(value).netloc.rpartition("@")[2]
        _ = urlsplit(value).port
    except ValueError:
        return False
    return bool(re.fullmatch(_URI, value)) and bool(mailbox.DOMAIN.fullmatch(host))


def readable(names: Iterable[x509.GeneralName]) -> bool:
    """Tell whether Go can compare all these names with constraints."""
    return all(_is_readable(name) for name in names)


def within(name: x509.GeneralName, subtree: x509.GeneralName, *, excluded: bool) -> bool:
    """Tell whether a readable name lies in a subtree of its own type."""
    match name, subtree:
        case x509.IPAddress(), x509.IPAddress():
            network = ipaddress.ip_network(str(subtree.value), strict=False)
            return ipaddress.ip_address(str(name.value)) in network
        case x509.RFC822Name(), x509.RFC822Name():
            own, other = mailbox.parse(name.value), mailbox.parse(subtree.value)
            return own == other if "@" in subtree.value else bool(own and _below(own[1], subtree.value))
        case x509.UniformResourceIdentifier(), x509.UniformResourceIdentifier():
            return _below(_host(name.value), subtree.value)
        case x509.DNSName(), x509.DNSName():
            return _below(name.value, subtree.value) or (excluded and _wildcard_covers(name.value, subtree.value))
    return False


def _is_readable(name: x509.GeneralName) -> bool:
    match name:
        case x509.DNSName():
            return bool(mailbox.DOMAIN.fullmatch(name.value))
        case x509.RFC822Name():
            return mailbox.parse(name.value) is not None
        case x509.UniformResourceIdentifier():
            host = _host(name.value)
            return bool(host) and not host.startswith("[") and not _is_address(host)
    return True


def _below(name: str, constraint: str) -> bool:
    """Compare as Go's dnsHasSuffix: whole labels from the right, and with a leading dot only what is truly below."""
    name, constraint = name.lower(), constraint.lower()
    if not constraint or name == constraint:
        return True
    return name.endswith(constraint if constraint.startswith(".") else f".{constraint}")


def _wildcard_covers(name: str, constraint: str) -> bool:
    """Tell whether `*.a.b` could stand for an excluded `c.a.b` (Go from 1.25 on)."""
    rest = constraint.lower().partition(".")[2]
    return name.startswith("*") and bool(rest) and name.lower().partition(".")[2] == rest


def _host(uri: str) -> str:
    host = urlsplit(uri).netloc.rpartition("@")[2].lower()
    return host if host.endswith("]") else host.partition(":")[0]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
