"""The names in certificates: DNS labels made from people's names, and the names of hosts.

A device's only subjectAltName is `<device>.<person>.<team>.certkit.internal`, so that a name constraint (RFC 5280,
section 4.2.1.10) can exclude a person with all devices, or one device, and nobody else.
"""

import base64
import functools
import hashlib
import ipaddress
import re
import unicodedata

from cryptography import x509

from certkit.errors import InvalidError

DOMAIN = "certkit.internal"
TEXT_LIMIT = 64
"""The upper bound of a common name (RFC 5280, appendix A, ub-common-name): bytes of UTF-8, to be on the safe side."""

_UNSEEN = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of the Unicode Character Database, and the blank of Braille, which is no space.

A pattern that is compiled for the first name with more than ASCII in it: that takes longer than most commands' work.
"""

_READABLE = 16
_PLAIN = re.compile(r"(?=.{1,16}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_HASHED = re.compile(r"-[a-z2-7]{10}\Z")
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_HOST_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_LIMIT = 253


def text(value: str, what: str) -> str:
    """Return a name that a lead typed in its one normal form (NFC); raise InvalidError if it cannot be one."""
    normal = unicodedata.normalize("NFC", value).strip()
    unseen = _unseen_in(normal)
    if unseen:
        raise InvalidError(
            f"{value!a} cannot be the name of a {what}: U+{ord(unseen[0]):04X} in it cannot be seen",
            "Type it again with visible characters only, such as alice@acme.example.",
            code="name-invisible",
            name=value,
            what=what,
        )
    if not normal or not normal.isprintable() or len(normal.encode()) > TEXT_LIMIT:
        raise InvalidError(
            f"{value!r} cannot be the name of a {what}",
            f"Use 1 to {TEXT_LIMIT} printable characters (fewer of other alphabets), such as alice@acme.example.",
            code="name-invalid",
            name=value,
            what=what,
        )
    return normal


def is_seen(text: str) -> bool:
    """Tell whether every character of a name can be seen."""
    return not _unseen_in(text)


def folded(text: str) -> str:
    """Return what two names have in common that look alike: compare people by it, and devices of one person.

    Compatible forms, upper and lower case, what cannot be seen and how many blanks there are make no difference
    (as NFKC_Casefold of Unicode Standard Annex 31).
    """
    if text.isascii():  # of which none of the rest is true
        return " ".join(text.lower().split())
    seen = without_unseen(unicodedata.normalize("NFKC", text))
    decomposed = unicodedata.normalize("NFKD", seen).casefold()
    return " ".join(without_unseen(unicodedata.normalize("NFKC", decomposed)).split())


def without_unseen(text: str) -> str:
    """Return what can be seen of a text, and its blanks."""
    return text if text.isascii() else re.sub(_UNSEEN, "", text)


def _unseen_in(text: str) -> re.Match[str] | None:
    return None if text.isascii() else re.search(_UNSEEN, text)


def slug(value: str, what: str) -> str:
    """Return the name of a team or a daemon, which is also a folder's; raise InvalidError if it cannot be one."""
    if not _SLUG.fullmatch(value):
        raise InvalidError(
            f"{value!r} cannot be the name of a {what}",
            f"Use up to 32 of the characters a-z, 0-9 and -, such as {'acme' if what == 'team' else 'build'}.",
            code="slug-invalid",
            name=value,
            what=what,
        )
    return value


@functools.lru_cache(4096)  # a server asks for those of the same people again and again
def label(value: str) -> str:
    """Make a DNS label of at most 27 characters from any text: readable, valid, and another for every other text.

    A short plain text is its own label. Any other gets 50 bits of its SHA-256 behind what is readable of it; a
    plain text that looks so itself is treated likewise, so the two kinds never meet.
    """
    if _PLAIN.fullmatch(value) and not _HASHED.search(value):
        return value
    folded = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    readable = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:_READABLE].rstrip("-") or "x"
    digest = base64.b32encode(hashlib.sha256(value.encode(errors="surrogatepass")).digest()).decode().lower()[:10]
    return f"{readable}-{digest}"


def team_name(team: str) -> str:
    """Return the DNS name below which all names of a team lie."""
    return f"{label(team)}.{DOMAIN}"


def person_name(person: str, team: str) -> str:
    """Return the DNS name below which all devices of a person lie; to exclude it excludes them all."""
    return f"{label(person)}.{team_name(team)}"


def device_name(device: str, person: str, team: str) -> str:
    """Return the one DNS name that a device's certificates bear, through all its renewals."""
    return f"{label(device)}.{person_name(person, team)}"


def device_named(dns_name: str, person: str) -> str:
    """Return the device that a certificate's DNS name is of, if it is one of this person's; empty if it cannot be told.

    A name that is no label by itself is only resembled by its label.
    """
    device, _, rest = dns_name.partition(".")
    team, _, domain = rest.removeprefix(f"{label(person)}.").partition(".")
    is_whole = domain == DOMAIN and rest == f"{label(person)}.{team}.{domain}"
    return device if is_whole and label(device) == device else ""


_BROADCAST = ipaddress.IPv4Address("255.255.255.255")


def parse_host(value: str) -> x509.DNSName | x509.IPAddress:
    """Read an IP address or a DNS name, internationalized or not (IDNA 2008, RFC 5891).

    Raises InvalidError if it is neither.
    """
    in_brackets = value.startswith("[") and re.fullmatch(r"\[([0-9A-Fa-f:.]+:[0-9A-Fa-f:.]*)\]", value)
    try:
        address = ipaddress.ip_address(in_brackets[1] if in_brackets else value)
    except ValueError:
        return x509.DNSName(ascii_host(value))
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise InvalidError(
            f"{value!r} is an address on one link only, so no certificate can name it",
            "Use another address of the host.",
            code="host-link-local",
            host=value,
        )
    return x509.IPAddress(address)


def parse_machine(value: str) -> x509.DNSName | x509.IPAddress:
    """Read what names one machine; raises InvalidError as `parse_host` does, and for addresses of all or of none."""
    host = parse_host(value)
    address = host.value
    if not isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address):
        return host
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_unspecified or address.is_multicast or address == _BROADCAST:
        raise InvalidError(
            f"{value} is the address of no single machine",
            "Use a name or address that every laptop reaches.",
            code="host-of-no-machine",
            host=value,
        )
    return host


def ascii_host(value: str) -> str:
    """Return a DNS name in lower case with A-labels, as it stands in certificates and on the wire."""
    name = value.lower().removesuffix(".")
    if not name.isascii():
        import idna  # slow, and few names need it

        try:
            name = idna.encode(value, uts46=True).decode().lower().removesuffix(".")
        except idna.IDNAError as error:
            raise InvalidError(
                f"{value!r} is not a host name: {error}", "Check its spelling.", code="host-invalid", host=value
            ) from None
    labels = name.split(".")
    if len(name) > _HOST_LIMIT or not all(re.fullmatch(_HOST_LABEL, label) for label in labels) or labels[-1].isdigit():
        raise InvalidError(
            f"{value!r} is neither a host name nor an IP address",
            "Write it without port and scheme.",
            code="host-invalid",
            host=value,
        )
    return name
