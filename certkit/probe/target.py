"""What is probed, and where each setting comes from: a client's configuration, files for flags, or what was given."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from certkit.earthly.clients import KINDS, Client, has_program, locate
from certkit.errors import CertkitError, InvalidError, MissingError
from certkit.files import Owner

if TYPE_CHECKING:
    from cryptography import x509

    from certkit.earthly.config import Configuration
    from certkit.earthly.engines import Engine
    from certkit.earthly.flag_clients import EnrolledDaemon
    from certkit.pki.keys import PrivateKey

EXPLICIT = "given explicitly"

ALPN_VARIABLE = "GRPC_ENFORCE_ALPN_ENABLED"
"""`false` lets a client of grpc-go's 1.67 or later take a daemon without ALPN (its `internal/envconfig`)."""

BUILDCTL = "buildctl"

Chain = tuple["x509.Certificate", ...]


class Pair(NamedTuple):
    """What a client shows: its certificate first, then what leads to its authority; and the key."""

    chain: Chain
    key: "PrivateKey"


class Given(NamedTuple):
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
        return target._replace(
            url=self.daemon or target.url,
            ca=self.ca or target.ca,
            cert=self.cert or target.cert,
            key=self.key or target.key,
            server_name=self.server_name or target.server_name,
        )


class Target(NamedTuple):
    """One daemon, by its URL, and what to reach it with: three files, or the same in memory."""

    url: str
    origin: str
    """Where the URL comes from, in words."""
    ca: Path = Path()
    cert: Path = Path()
    key: Path = Path()
    server_name: str | None = None
    """The name that the daemon's certificate must bear; None: the URL's host."""
    client: Client | None = None
    """The client whose configuration was read, None if all was given explicitly."""
    tls_enabled: bool = True
    container_frontend: str = ""
    """Which container engine the client is told to take."""
    url_in_file: str = ""
    """The `buildkit_host` of the client's file, whatever overrides it."""
    variable: str = ""
    """The environment variable that sets the URL, if one does."""
    env_file: Path | None = None
    """The .env file that sets this variable, if it is that."""
    instead: Client | None = None
    """The client that is installed here instead of `client`, and is told of no daemon."""
    problem: CertkitError | None = None
    """Why the client's configuration could not be read."""
    needs_alpn: bool = False
    """Whether the client is buildctl, which may refuse a daemon that negotiates no ALPN."""
    authorities: Chain | None = None
    """The authorities that may vouch for the daemon; where they are here, no file is read."""
    pair: Pair | None = None
    """What to show, beside `authorities`; None shows nothing."""
    listed: tuple[bytes, ...] | None = None
    """The authorities, DER of their names, that the daemon must list; None where only the team's lead knows them."""
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


def choose(
    given: Given,
    name: str | None,
    configured: "Sequence[Client]",
    flag_files: "Sequence[EnrolledDaemon]",
    environ: Mapping[str, str],
    *,
    owner: Owner | None = None,
    is_named: bool = False,
) -> Target:
    """Choose what is to be probed.

    Args:
        given: What was given explicitly; it wins.
        name: The client to probe for (`earthly`, `earthbuild`, `buildctl`, `buildx`); None for one that is set up here.
        configured: The clients with a configuration, as far as they are meant.
        flag_files: What is enrolled here for clients that take flags.
        environ: The environment that the client would see.
        owner: The user behind sudo, whose files for flags these are.
        is_named: Whether a configuration file was named, so that it is meant whatever it says.

    Raises:
        InvalidError: Two daemons are meant.
        MissingError: There is nothing to probe.

    """
    if given.is_complete:
        return given.over(Target("", EXPLICIT))._replace(needs_alpn=name == BUILDCTL and _enforces_alpn(environ))
    readings = [_read(client, environ) for client in configured]
    is_for_flags = name is not None and not configured
    if name is None and not is_named and not any(reading.names_a_daemon for reading in readings):
        is_for_flags = bool(flag_files)
    if is_for_flags:
        return _of_flag_files(given, name, flag_files, environ, owner)
    return _of_reading(given, _preferred(readings, environ), environ)


def of_flag_files(
    files: "EnrolledDaemon", environ: Mapping[str, str], *, owner: Owner | None = None, with_buildctl: bool
) -> Target:
    """Return the target that a client with flags reaches; `with_buildctl` if buildctl is among those clients."""
    return Target(
        files.url,
        f"enrolled in {files.team} for buildctl and buildx",
        files.folder / "ca.pem",
        files.folder / "cert.pem",
        files.folder / "key.pem",
        needs_alpn=with_buildctl and _enforces_alpn(environ),
        owner=owner,
    )


class _Reading(NamedTuple):
    """A client, and what its configuration says, or why it could not be read."""

    client: Client
    said: "Configuration | CertkitError"

    @property
    def names_a_daemon(self) -> bool:
        """Whether the client is told to use a daemon; one that cannot be read is, so that this is told."""
        return isinstance(self.said, CertkitError) or bool(self.said.buildkit_host)


def _read(client: Client, environ: Mapping[str, str]) -> _Reading:
    from certkit.earthly import config  # PyYAML, which help and usage errors do not need

    try:
        return _Reading(client, config.read(client, environ))
    except CertkitError as error:
        return _Reading(client, error)


def _preferred(readings: Sequence[_Reading], environ: Mapping[str, str]) -> _Reading:
    """Return the configuration that is probed: the first that names a daemon, else the first.

    Of several that do, one whose client's program is here goes before one that is no longer. Raises MissingError if
    there is none.
    """
    if not readings:
        raise MissingError("there is neither Earthly nor EarthBuild on this machine", code="no-client-to-probe")
    told = [reading for reading in readings if reading.names_a_daemon]
    return next((reading for reading in told if has_program(reading.client, environ)), (told or readings)[0])


def of_client(client: Client, environ: Mapping[str, str]) -> Target:
    """Return the target that a client reaches; a configuration that cannot be read becomes its `problem`."""
    return _of_reading(Given(), _read(client, environ), environ)


def _of_reading(given: Given, reading: _Reading, environ: Mapping[str, str]) -> Target:
    client, read = reading.client, reading.said
    if isinstance(read, CertkitError):
        nowhere = client.directory
        return Target("", str(client.config), nowhere, nowhere, nowhere, client=client, problem=read)
    source = read.origins["buildkit_host"]
    variable = "" if source in ("file", "default") else source
    env_file = client.env_file.path if variable and client.env_file and variable not in environ else None
    return given.over(
        Target(
            url=read.buildkit_host,
            origin=EXPLICIT if given.daemon else _origin(client, variable, env_file),
            ca=read.tlsca,
            cert=read.tlscert,
            key=read.tlskey,
            client=client,
            tls_enabled=read.tls_enabled,
            container_frontend=read.container_frontend,
            url_in_file=read.host_in_file,
            variable=variable,
            env_file=env_file,
            instead=_instead_of(client, environ),
            owner=client.owner,
        )
    )


def engine_of(target: Target, environ: Mapping[str, str], patience: float) -> "Engine | None":
    """Return the engine that the client would take, asked within `patience` seconds; None if it needs none."""
    from certkit.earthly import engines

    if target.client is None or not target.needs_engine:
        return None
    return engines.find(target.container_frontend, target.client.seen(environ), patience)


def _origin(client: Client, variable: str, env_file: Path | None) -> str:
    if not variable:
        return f"buildkit_host in {client.config}"
    return f"the variable {variable}" + (f" in {env_file}" if env_file else "")


def _instead_of(client: Client, environ: Mapping[str, str]) -> Client | None:
    """Return the client whose program is here while that of `client` is not, if it is told of no daemon."""
    if client.is_config_named or has_program(client, environ):
        return None
    others = [locate(name, environ) for name in KINDS if name != client.name]
    return next(
        (
            other
            for other in others
            if has_program(other, environ)
            and other.config != client.config
            and not _read(other, environ).names_a_daemon
        ),
        None,
    )


def _of_flag_files(
    given: Given,
    name: str | None,
    enrolled: "Sequence[EnrolledDaemon]",
    environ: Mapping[str, str],
    owner: Owner | None,
) -> Target:
    if not enrolled:
        raise MissingError("buildctl and buildx are not enrolled here", code="flag-clients-not-enrolled")
    meant = [each for each in enrolled if each.url == given.daemon] or enrolled
    urls = sorted({each.url for each in meant})
    if len(urls) > 1:
        raise InvalidError(
            "buildctl and buildx are enrolled for more than one daemon", code="several-daemons-to-probe", url=urls[0]
        )
    has_buildctl = shutil.which(BUILDCTL, path=environ.get("PATH")) is not None
    with_buildctl = name == BUILDCTL or (name is None and has_buildctl)
    return given.over(of_flag_files(meant[0], environ, owner=owner, with_buildctl=with_buildctl))


def _enforces_alpn(environ: Mapping[str, str]) -> bool:
    return environ.get(ALPN_VARIABLE, "").lower() != "false"
