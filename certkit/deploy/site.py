"""Where a daemon runs, and what its image expects there."""

import ipaddress
import re
from dataclasses import dataclass

from certkit.earthly.address import Address
from certkit.errors import InvalidError
from certkit.pki import names

_NAME = re.compile(r"[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?")
_DIRECTORY = re.compile(r"/[A-Za-z0-9_.+@=~ /-]*[A-Za-z0-9_.+@=~-]")
_PORTS = range(1, 65536)


@dataclass(frozen=True)
class Image:
    """A daemon's image: where it keeps its cache, reads the three files and listens, all inside the container."""

    reference: str
    cache: str
    certificates: str
    port: int
    environment: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()
    probed: tuple[str, ...] = ()
    """The command inside that tells whether the daemon works, where there is one."""
    registry: bool = False
    """Whether it serves outputs on port 8371 to whoever asks."""
    drains: bool = False
    """Whether the daemon lets running builds end when it is asked to stop; Earthly's and EarthBuild's cancel them."""


_TLS_BY_ENVIRONMENT = (("BUILDKIT_TCP_TRANSPORT_ENABLED", "true"), ("BUILDKIT_TLS_ENABLED", "true"))
_UPSTREAM_CERTIFICATES = "/etc/buildkit/certs"

FLAVOURS = {
    "earthly": Image("earthly/buildkitd:v0.8.16", "/tmp/earthly", "/etc", 8372, _TLS_BY_ENVIRONMENT, registry=True),  # noqa: S108  the image's own
    "earthbuild": Image(
        "earthbuild/buildkitd:v0.8.18",
        "/tmp/earthbuild",  # noqa: S108  the image's own
        "/etc",
        8372,
        _TLS_BY_ENVIRONMENT,
        registry=True,
    ),
    "buildkit": Image(
        "moby/buildkit:v0.34.2",
        "/var/lib/buildkit",
        _UPSTREAM_CERTIFICATES,
        1234,
        arguments=(
            "--addr=unix:///run/buildkit/buildkitd.sock",
            "--addr=tcp://0.0.0.0:1234",
            f"--tlscacert={_UPSTREAM_CERTIFICATES}/ca.pem",
            f"--tlscert={_UPSTREAM_CERTIFICATES}/cert.pem",
            f"--tlskey={_UPSTREAM_CERTIFICATES}/key.pem",
        ),
        probed=("buildctl", "debug", "workers"),
        drains=True,
    ),
}


@dataclass(frozen=True)
class Site:
    """One daemon's place: how laptops reach it, and where the three files lie on its host.

    Raises InvalidError if a value could not be written into every kind of file without being read as something else.
    """

    daemon: str
    host: str
    port: int
    flavour: str = "earthly"
    directory: str = "/etc/buildkit-certs"
    called: str = ""
    """What its container, unit or namespace is called; empty for a name made from the daemon's."""
    source: str = ""
    """Where the three files lie on the lead's machine, for engines that take them from there."""

    def __post_init__(self) -> None:
        if self.flavour not in FLAVOURS:
            raise InvalidError(
                f"{self.flavour!r} is no flavour of BuildKit",
                f"Use one of {', '.join(FLAVOURS)}.",
                code="unknown-flavour",
                flavour=self.flavour,
            )
        if self.port not in _PORTS:
            raise InvalidError(f"{self.port} is no port", "Use 1 to 65535.", code="no-port", port=self.port)
        if not _DIRECTORY.fullmatch(self.directory) or ".." in self.directory.split("/"):
            raise InvalidError(
                f"{self.directory!r} cannot be written into every configuration as a folder",
                "Use an absolute path of letters, digits, spaces and _ . + @ = ~ - such as /etc/buildkit-certs.",
                code="unwritable-directory",
                directory=self.directory,
            )
        if self.called and not _NAME.fullmatch(self.called):
            raise InvalidError(
                f"{self.called!r} cannot be the name of a container, a unit and a namespace",
                "Use up to 63 small letters, digits and . _ - such as buildkitd-build.",
                code="unwritable-name",
                name=self.called,
            )
        names.parse_host(self.host)

    @property
    def image(self) -> Image:
        """What the flavour's image expects."""
        return FLAVOURS[self.flavour]

    @property
    def name(self) -> str:
        """What its container, unit and namespace are called: a DNS label from its name, if nothing else was said."""
        return self.called or f"buildkitd-{names.label(self.daemon)}"

    @property
    def url(self) -> str:
        """The daemon's URL, with the brackets that an IPv6 address needs."""
        return Address("tcp", self.host.strip("[]"), self.port).url

    @property
    def listen(self) -> str:
        """The address to listen on: IPv4's wildcard, also where IPv6 is switched off, unless the host is IPv6."""
        return "[::]" if self.host_is_ipv6 else "0.0.0.0"  # noqa: S104  reached by every laptop, under mTLS

    @property
    def host_is_ipv6(self) -> bool:
        """Whether the host is an IPv6 address."""
        return _is_address(self.host, 6)

    @property
    def host_is_a_name(self) -> bool:
        """Whether the host is a DNS name, and not an IP address."""
        return not (_is_address(self.host, 4) or self.host_is_ipv6)


def _is_address(host: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).version == version
    except ValueError:
        return False
