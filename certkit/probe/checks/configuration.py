"""Whether the client is told to use the team's daemon, and believes it."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from certkit.earthly import address
from certkit.earthly.address import Address
from certkit.earthly.clients import HOST_VARIABLE
from certkit.earthly.config import NotYamlError
from certkit.errors import CertkitError, MalformedError
from certkit.probe.stage import Found, Stage, finding
from certkit.probe.target import Target

if TYPE_CHECKING:
    from certkit.earthly.engines import Engine

_RARELY_READ = "EARTHLY_ENV_FILE"

BOOTSTRAP_FILES = tuple(f"{name}_{kind}.pem" for name in ("ca", "earthly", "buildkit") for kind in ("cert", "key"))
"""What `earthly bootstrap` makes in the client's `certs/`."""


class Configuration(NamedTuple):
    """What is known of the configuration before anything is opened."""

    target: Target
    address: Address | None
    problem: CertkitError | None
    """Why there is no address."""
    leftovers: tuple[str, ...]
    """Some of Earthly's default files, where they are too few for Earthly to go on from."""
    engine: "Engine | None" = None
    """The Docker or Podman that the client takes, None if it needs none: known later than the rest."""

    def with_engine(self, engine: "Engine | None") -> "Configuration":
        """Add which Docker or Podman was found."""
        return self._replace(engine=engine)

    @property
    def is_bootstrapped(self) -> bool:
        """Whether this is Earthly's own local set-up: a daemon that it manages, and the files that it made."""
        target = self.target
        return (
            self.address is not None
            and self.address.is_local
            and target.client is not None
            and {target.ca.name, target.cert.name, target.key.name} <= set(BOOTSTRAP_FILES)
            and {target.ca.parent, target.cert.parent, target.key.parent} == {target.client.directory / "certs"}
        )


def observe(target: Target) -> Configuration:
    """Read the URL, and look for what Earthly's own set-up has left."""
    try:
        found = address.parse(target.url) if target.url else None
        problem = target.problem
    except CertkitError as error:
        found, problem = None, error
    leftovers = _leftovers(target.client.directory / "certs") if target.client else ()
    return Configuration(target, found, problem, leftovers)


def _leftovers(folder: Path) -> tuple[str, ...]:
    found = tuple(name for name in BOOTSTRAP_FILES if (folder / name).exists())
    return () if "ca_key.pem" in found else tuple(str(folder / name) for name in found)


def _summary(evidence: Configuration) -> str:
    if evidence.is_bootstrapped:
        return "Earthly's own local daemon, with the files of earthly bootstrap"
    client = evidence.target.client
    return f"read as {client.title} reads it" if client else evidence.target.origin


@finding("Earthly cannot read this file either, and stops before it reaches any daemon.")
def configuration_not_yaml(evidence: Configuration) -> Found | None:
    return _told(evidence.target.problem) if _is_unread(evidence, NotYamlError) else None


@finding("The file is YAML, but not what Earthly expects there: it stops before it reaches any daemon.")
def configuration_malformed(evidence: Configuration) -> Found | None:
    if not _is_unread(evidence, MalformedError) or _is_unread(evidence, NotYamlError) or _is_of_env_file(evidence):
        return None
    return _told(evidence.target.problem)


@finding("Without its configuration Earthly does not know the team's daemon.")
def configuration_unreadable(evidence: Configuration) -> Found | None:
    if _is_unread(evidence, MalformedError) or _is_of_env_file(evidence):
        return None
    return _told(evidence.target.problem)


@finding("The client reads this file into its environment before anything else, and stops at what it cannot read.")
def env_file_unreadable(evidence: Configuration) -> Found | None:
    return _told(evidence.target.problem) if _is_of_env_file(evidence) else None


@finding("Without buildkit_host Earthly starts a daemon of its own on this machine, and the team's is not used.")
def no_daemon(evidence: Configuration) -> Found | None:
    target = evidence.target
    if target.url or target.problem or _is_blanked(target):
        return None
    return Found(f"no daemon is named: {target.origin} is not set")


@finding("Earthly then reads no configuration at all, and starts a daemon of its own on this machine.")
def configuration_blanked(evidence: Configuration) -> Found | None:
    target = evidence.target
    if target.url or target.client is None or not _is_blanked(target):
        return None
    return Found(f"{target.client.blanked_by} is set to nothing", variable=target.client.blanked_by)


@finding("Earthly takes only tcp:// for a daemon elsewhere.")
def wrong_scheme(evidence: Configuration) -> Found | None:
    return _told(evidence.problem) if isinstance(evidence.problem, address.WrongSchemeError) else None


@finding("Earthly refuses a tcp URL without a port, and knows no port that it could assume.")
def no_port(evidence: Configuration) -> Found | None:
    return _told(evidence.problem) if isinstance(evidence.problem, address.MissingPortError) else None


@finding("Earthly stops at what is not a URL, before it reaches any daemon.")
def not_a_url(evidence: Configuration) -> Found | None:
    told_otherwise = (address.WrongSchemeError, address.MissingPortError)
    if evidence.target.problem or isinstance(evidence.problem, told_otherwise):
        return None
    return _told(evidence.problem)


@finding("Earthly manages a container on this machine itself: there is no network and no TLS to check.")
def container_daemon(evidence: Configuration) -> Found | None:
    found = evidence.address
    if found is None or found.scheme == "tcp":
        return None
    return Found(f"{found.url} ({evidence.target.origin})", url=found.url)


@finding("Earthly takes this host to mean a daemon that it starts and manages itself, and never asks the team's.")
def local_host(evidence: Configuration) -> Found | None:
    found, target = evidence.address, evidence.target
    if found is None or not found.is_local or found.scheme != "tcp":
        return None
    if not target.is_configured or evidence.is_bootstrapped:
        return None
    return Found(
        f"the host is {found.host} ({target.origin}), with a team's certificates",
        url=Address("tcp", _host_name(), found.port).url,
    )


@finding(
    "It is the address at which a daemon listens everywhere; to who connects there, it is this very machine.",
    severity="warning",
)
def unspecified_host(evidence: Configuration) -> Found | None:
    found, target = evidence.address, evidence.target
    if found is None or found.host not in address.UNSPECIFIED_HOSTS or not target.is_configured:
        return None
    return Found(f"the host is {found.host} ({target.origin})", url=Address("tcp", "HOST", found.port).url)


@finding("It reads a configuration of its own, which names no daemon: builds go to one that it starts here.")
def another_client_installed(evidence: Configuration) -> Found | None:
    client, other = evidence.target.client, evidence.target.instead
    if client is None or other is None or not evidence.target.url:
        return None
    return Found(
        f"{client.title} is told of the daemon, but not installed; {other.title} is, and reads {other.config}",
        client=other.name,
        path=other.config,
    )


@finding(
    "Earthly believes the variable, so what the file says of the daemon has no effect in this shell.",
    severity="warning",
)
def environment_overrides(evidence: Configuration) -> Found | None:
    return None if evidence.target.env_file else _overriding(evidence.target)


@finding(
    "Earthly believes the .env file of the folder that it is run in, so its own has no effect on the daemon there.",
    severity="warning",
)
def env_file_overrides(evidence: Configuration) -> Found | None:
    return _overriding(evidence.target) if evidence.target.env_file else None


@finding(
    "Earthly 0.8.16 reads the file of this name only where the command has flags of a build, else .env.",
    severity="warning",
)
def env_file_not_always_read(evidence: Configuration) -> Found | None:
    client = evidence.target.client
    if (
        client is None
        or client.env_file is None
        or client.env_file.variable != _RARELY_READ
        or len(client.kind.prefixes) > 1
    ):
        return None
    return Found(f"{_RARELY_READ} names {client.env_file.path}", path=client.env_file.path)


@finding('Earthly then ignores the daemon of its file and stops at "could not determine buildkit address".')
def no_container_engine(evidence: Configuration) -> Found | None:
    engine = evidence.engine
    if engine is None or engine.program or engine.is_refused:
        return None
    return Found(
        f"neither Docker nor Podman works here: {engine.why_not}", variable=HOST_VARIABLE, url=evidence.target.url
    )


@finding("Earthly refuses it, looks for no container engine, and then ignores the daemon of its file.")
def container_frontend_refused(evidence: Configuration) -> Found | None:
    engine, target = evidence.engine, evidence.target
    if engine is None or not engine.is_refused or target.client is None:
        return None
    return Found(engine.why_not, path=target.client.config, variable=HOST_VARIABLE, url=target.url)


@finding("Earthly would talk to the daemon without TLS, and the team's daemon refuses that.")
def tls_switched_off(evidence: Configuration) -> Found | None:
    target = evidence.target
    if target.tls_enabled or target.client is None:
        return None
    return Found(f"tls_enabled: false in {target.client.config}", path=target.client.config)


@finding(
    'Without the key to them Earthly stops at "cannot generate missing certificates" for a local daemon.',
    severity="warning",
)
def leftover_default_files(evidence: Configuration) -> Found | None:
    if not evidence.leftovers:
        return None
    names = ", ".join(Path(path).name for path in evidence.leftovers)
    folder = Path(evidence.leftovers[0]).parent
    return Found(
        f"{folder} holds {names}, but no ca_key.pem",
        folder=folder,
        moved=f"{folder}.old",
    )


configuration = Stage(
    "configuration",
    "The client's configuration, read exactly as the client reads it.",
    _summary,
    findings=(
        configuration_not_yaml,
        configuration_malformed,
        configuration_unreadable,
        env_file_unreadable,
        no_daemon,
        configuration_blanked,
        wrong_scheme,
        no_port,
        not_a_url,
        container_daemon,
        local_host,
        unspecified_host,
        another_client_installed,
        environment_overrides,
        env_file_overrides,
        env_file_not_always_read,
        no_container_engine,
        container_frontend_refused,
        tls_switched_off,
        leftover_default_files,
    ),
)


def _is_unread(evidence: Configuration, kind: type[CertkitError]) -> bool:
    return isinstance(evidence.target.problem, kind)


def _is_blanked(target: Target) -> bool:
    return target.client is not None and bool(target.client.blanked_by)


def _is_of_env_file(evidence: Configuration) -> bool:
    problem = evidence.target.problem
    return problem is not None and problem.code.startswith("env-file-")


def _overriding(target: Target) -> Found | None:
    """Return what overrides the daemon of the client's file, if it is another."""
    if not target.is_configured or not target.variable or target.url_in_file in ("", target.url):
        return None
    where = f" in {target.env_file}" if target.env_file else ""
    return Found(
        f"{target.variable}{where} says {target.url}, the file {target.url_in_file}",
        variable=target.variable,
        url=target.url,
        url_in_file=target.url_in_file,
        path=target.env_file or "",
    )


def _told(problem: CertkitError | None) -> Found | None:
    """Make an error a finding: its code, hint and fields are what a remedy is made of."""
    if problem is None:
        return None
    return Found(problem.message, **{**problem.fields, "code": problem.code, "hint": problem.hint})


def _host_name() -> str:
    return socket.gethostname()
