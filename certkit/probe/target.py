"""What is probed, and where each setting comes from: a client's configuration, or what was given explicitly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from certkit.earthly import config
from certkit.earthly.clients import Client, docker_or_podman_works
from certkit.errors import CertkitError, MissingError
from certkit.files import Owner

EXPLICIT = "given explicitly"

ALPN_VARIABLE = "GRPC_ENFORCE_ALPN_ENABLED"
"""`false` lets a client of grpc-go's 1.67 or later take a daemon without ALPN (its `internal/envconfig`)."""


@dataclass(frozen=True)
class Given:
    """What was given explicitly; None leaves a setting to the configuration."""

    daemon: str | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    server_name: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether no configuration is needed."""
        return None not in (self.daemon, self.ca, self.cert, self.key)

    def over(self, target: "Target") -> "Target":
        """Put what was given in the place of what a target has."""
        return replace(
            target,
            url=self.daemon or target.url,
            ca=self.ca or target.ca,
            cert=self.cert or target.cert,
            key=self.key or target.key,
            server_name=self.server_name or target.server_name,
        )


@dataclass(frozen=True)
class Target:
    """One daemon, by its URL, and the three files to reach it with."""

    url: str
    origin: str
    """Where the URL comes from, in words."""
    ca: Path
    cert: Path
    key: Path
    server_name: str | None = None
    """The name that the daemon's certificate must bear; None: the URL's host."""
    client: Client | None = None
    """The client whose configuration was read, None if all was given explicitly."""
    tls_enabled: bool = True
    url_in_file: str = ""
    """The `buildkit_host` of the client's file, whatever overrides it."""
    variable: str = ""
    """The environment variable that sets the URL, if one does."""
    problem: CertkitError | None = None
    """Why the client's configuration could not be read."""
    needs_alpn: bool = False
    """Whether the client is buildctl, which may refuse a daemon that negotiates no ALPN."""
    owner: Owner | None = None
    """As whom root reads the three files: under sudo, the user behind it."""

    @property
    def is_configured(self) -> bool:
        """Whether the URL is the one that the client would use."""
        return self.client is not None and self.origin != EXPLICIT

    @property
    def needs_engine(self) -> bool:
        """Whether the client would look for Docker or Podman before it believes its file."""
        return self.is_configured and not self.variable and bool(self.url)


def choose_client(clients: Sequence[Client], environ: Mapping[str, str]) -> Client:
    """Give the client whose configuration is probed: the first that names a daemon, else the first.

    Raises MissingError if there is none.
    """
    if not clients:
        raise MissingError(
            "there is neither Earthly nor EarthBuild on this machine",
            "Choose one with --for, or name the daemon: certkit probe --daemon URL --ca F --cert F --key F",
        )
    return next((client for client in clients if names_a_daemon(client, environ)), clients[0])


def names_a_daemon(client: Client, environ: Mapping[str, str]) -> bool:
    """Tell whether a client is told to use a daemon; one that cannot be read is, so that this is told."""
    try:
        return bool(config.read(client, environ).buildkit_host)
    except CertkitError:
        return True


def resolve(given: Given, client: Client | None, environ: Mapping[str, str]) -> Target:
    """Put together what is probed; a configuration that cannot be read becomes the target's `problem`."""
    if client is None:
        return given.over(Target("", EXPLICIT, Path(), Path(), Path()))
    try:
        read = config.read(client, environ)
        in_file = config.read(client, _without_host_variables(environ)).buildkit_host
    except CertkitError as error:
        nowhere = client.directory
        return Target("", str(client.config), nowhere, nowhere, nowhere, client=client, problem=error)
    source = read.origins["buildkit_host"]
    configured = f"buildkit_host in {client.config}" if source in ("file", "default") else f"the variable {source}"
    return given.over(
        Target(
            url=read.buildkit_host,
            origin=EXPLICIT if given.daemon else configured,
            ca=read.tlsca,
            cert=read.tlscert,
            key=read.tlskey,
            client=client,
            tls_enabled=read.tls_enabled,
            url_in_file=in_file,
            variable="" if source in ("file", "default") else source,
            owner=client.owner,
        )
    )


def engine_works(target: Target, environ: Mapping[str, str]) -> bool:
    """Tell whether the client would find the Docker or Podman that it needs; takes seconds at worst."""
    return not target.needs_engine or docker_or_podman_works(environ)


def _without_host_variables(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.endswith("_BUILDKIT_HOST")}
