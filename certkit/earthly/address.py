"""The URL of a daemon, by the rules of Earthly and EarthBuild (`parseAndValidateURL`, `IsLocal`)."""

import contextlib
import ipaddress
import re
from dataclasses import dataclass, field

from certkit.errors import InvalidError, MalformedError
from certkit.pki import names

CONTAINER_SCHEMES = ("docker-container", "podman-container")
LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")
"""Earthly starts and manages a daemon of its own for these three, written just so, and for no others."""

UNSPECIFIED_HOSTS = ("0.0.0.0", "::")  # noqa: S104 - what nobody should connect to
"""Where a daemon listens that listens everywhere; for who connects, it is this very machine."""

_EXAMPLE = "Write it as Earthly does, scheme and port included: "
_LONGEST_URL = 300
_LAST_PORT = 65535
_URL = r"([A-Za-z][A-Za-z0-9+.-]*)://(\[[^\[\]]*\]|[^\[\]:/?#@\s]+)(?::([0-9]*))?"


_MEANT = (
    r"(?i)(?:[a-z][a-z0-9+.-]*:/+|tcp:|/+)?(?:[^/@]*@)?"
    r"(?P<host>\[[^\]]*\]|[^/:?#@\s]*)(?::(?P<port>[0-9]{1,5})(?![0-9]))?"
)
"""What somebody may have meant who wrote no URL."""


class WrongSchemeError(MalformedError):
    """The client takes no URL of this scheme."""

    code = "daemon-url-scheme"


class MissingPortError(MalformedError):
    """A tcp URL needs a port."""

    code = "daemon-url-without-port"


@dataclass(frozen=True)
class Address:
    """Where a daemon listens: `host` is an A-label name, an IP address without brackets or a container's name."""

    scheme: str
    host: str
    port: int | None = None
    written: str = field(default="", compare=False)
    """The host as the URL had it, without brackets; empty if it was the same."""

    @property
    def url(self) -> str:
        """The address as the client's `buildkit_host` takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port is not None else "")

    @property
    def is_local(self) -> bool:
        """Whether Earthly takes it for a daemon that it manages itself."""
        return self.scheme in CONTAINER_SCHEMES or (self.written or self.host) in LOCAL_HOSTS


def parse(url: str) -> Address:
    """Read a URL as the client does.

    Raises MalformedError if it is not one, WrongSchemeError or MissingPortError if it is one that the client refuses.
    """
    match = re.fullmatch(_URL, url) if len(url) <= _LONGEST_URL else None
    if match is None:
        raise _not_a_url(url)
    scheme, host, port = match.group(1).lower(), match.group(2), match.group(3)
    if scheme in CONTAINER_SCHEMES:
        return Address(scheme, host)
    if scheme != "tcp":
        raise WrongSchemeError(
            f"{url!r} has the scheme {scheme!r}, which Earthly does not take", _EXAMPLE + _as_tcp(host, port), url=url
        )
    written = host.strip("[]")
    try:
        host = _parse_host(host)
    except ValueError:
        raise _not_a_url(url) from None
    if not port:
        raise MissingPortError(f"{url!r} has no port, and Earthly refuses it", _EXAMPLE + _as_tcp(host, port), url=url)
    if not 0 < int(port[:9]) <= _LAST_PORT:
        raise MalformedError(
            f"{url!r} has no possible port", "A port is a number from 1 to 65535.", code="daemon-url-port", url=url
        )
    return Address(scheme, host, int(port), written)


def parse_shared(url: str) -> Address:
    """Read the URL of a daemon that a team shares.

    Raises InvalidError for what `parse` refuses, and for a host that Earthly would manage itself.
    """
    try:
        address = parse(url)
    except MalformedError as error:
        raise InvalidError(error.message, error.hint, code=error.code, **error.fields) from None
    if address.scheme != "tcp":
        raise InvalidError(
            f"{url!r} is a container on this machine, not a shared daemon",
            _EXAMPLE + "tcp://build.acme.example:8372",
            code="daemon-url-container",
            url=url,
        )
    if address.host in UNSPECIFIED_HOSTS:
        raise InvalidError(
            f"{address.host} is where a daemon listens, on every address of its machine; no laptop finds it there",
            f"Use a name or address that every laptop reaches: tcp://build-server:{address.port}",
            code="daemon-url-unspecified",
            url=url,
        )
    if address.host in LOCAL_HOSTS:  # in its one form, which is what laptops get
        raise InvalidError(
            f"Earthly takes {address.host} to mean a daemon that it manages itself, "
            "so a shared one cannot be called that",
            f"Use a name or address that every laptop reaches, this machine's too: tcp://build-server:{address.port}",
            code="daemon-url-local",
            url=url,
        )
    names.parse_machine(address.host)
    return address


def _parse_host(text: str) -> str:
    """Return a host in its one form; raise ValueError if it is not one."""
    if text.startswith("["):
        host = ipaddress.IPv6Address(text[1:-1])
        if host.scope_id:
            raise ValueError(text)
        return str(host)
    try:
        name = names.ascii_host(text)
    except InvalidError:
        # What resolvers read as a number must not pass for a name: 127.1 is the local host.
        return str(ipaddress.IPv4Address(text))
    if name.startswith("0x"):
        raise ValueError(text)
    return name


def _as_tcp(host: str, port: str | None) -> str:
    return f"tcp://{host}:{port or 8372}"


def _not_a_url(url: str) -> MalformedError:
    found = re.match(_MEANT, url[:_LONGEST_URL])
    guess, port = "build.acme.example", None
    if found and found["host"]:
        with contextlib.suppress(ValueError):
            host = _parse_host(found["host"])
            if host not in LOCAL_HOSTS:
                guess, port = (f"[{host}]" if ":" in host else host), found["port"]
    return MalformedError(
        f"{url[:_LONGEST_URL]!r} is not a daemon's URL",
        _EXAMPLE + _as_tcp(guess, port),
        code="daemon-url-malformed",
        url=url[:_LONGEST_URL],
    )
