"""Whether the client is told to use the team's daemon, and believes it."""

from dataclasses import dataclass, replace
from pathlib import Path

from certkit.earthly import address
from certkit.earthly.address import Address
from certkit.earthly.config import NotYamlError
from certkit.errors import CertkitError, MalformedError
from certkit.probe.stage import Found, Stage
from certkit.probe.target import Target

BOOTSTRAP_FILES = tuple(f"{name}_{kind}.pem" for name in ("ca", "earthly", "buildkit") for kind in ("cert", "key"))
"""What `earthly bootstrap` makes in the client's `certs/`."""


@dataclass(frozen=True)
class Configuration:
    """What is known of the configuration before anything is opened."""

    target: Target
    address: Address | None
    problem: CertkitError | None
    """Why there is no address."""
    leftovers: tuple[str, ...]
    """Some of Earthly's default files, where they are too few for Earthly to go on from."""
    engine_works: bool = True
    """Whether the client finds the Docker or Podman that it needs: known later than the rest."""

    def with_engine(self, *, works: bool) -> "Configuration":
        """Add whether Docker or Podman was found."""
        return replace(self, engine_works=works)

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


configuration = Stage("configuration", _summary)


@configuration.finding
def configuration_not_yaml(evidence: Configuration) -> Found | None:
    """Earthly cannot read this file either, and stops before it reaches any daemon."""
    return _unread_as(evidence, NotYamlError)


@configuration.finding
def configuration_malformed(evidence: Configuration) -> Found | None:
    """The file is YAML, but not what Earthly expects there: it stops before it reaches any daemon."""
    return _unread_as(evidence, MalformedError)


@configuration.finding
def configuration_unreadable(evidence: Configuration) -> Found | None:
    """Without its configuration Earthly does not know the team's daemon."""
    return _unread_as(evidence, CertkitError)


@configuration.finding
def no_daemon(evidence: Configuration) -> Found | None:
    """Without buildkit_host Earthly starts a daemon of its own on this machine, and the team's is not used."""
    target = evidence.target
    if target.url or target.problem:
        return None
    return Found(f"no daemon is named: {target.origin} is not set", "certkit enroll FILE")


@configuration.finding
def wrong_scheme(evidence: Configuration) -> Found | None:
    """Earthly takes only tcp:// for a daemon elsewhere."""
    return _refused_as(evidence, address.WrongSchemeError)


@configuration.finding
def no_port(evidence: Configuration) -> Found | None:
    """Earthly refuses a tcp URL without a port, and knows no port that it could assume."""
    return _refused_as(evidence, address.MissingPortError)


@configuration.finding
def not_a_url(evidence: Configuration) -> Found | None:
    """Earthly stops at what is not a URL, before it reaches any daemon."""
    return _refused_as(evidence, MalformedError) if not evidence.target.problem else None


@configuration.finding
def container_daemon(evidence: Configuration) -> Found | None:
    """Earthly manages a container on this machine itself: there is no network and no TLS to check."""
    found = evidence.address
    if found is None or found.scheme == "tcp":
        return None
    return Found(f"{found.url} ({evidence.target.origin})", "certkit probe --daemon tcp://HOST:PORT")


@configuration.finding
def local_host(evidence: Configuration) -> Found | None:
    """Earthly takes this host to mean a daemon that it starts and manages itself, and never asks the team's."""
    found, target = evidence.address, evidence.target
    if found is None or not found.is_local or found.scheme != "tcp":
        return None
    if not target.is_configured or evidence.is_bootstrapped:
        return None
    return Found(
        f"the host is {found.host} ({target.origin}), with a team's certificates",
        f"address the daemon by another name, on its own machine too: tcp://{_host_name()}:{found.port}",
    )


@configuration.finding
def environment_overrides(evidence: Configuration) -> Found | None:
    """Earthly believes the variable, so what the file says of the daemon has no effect in this shell."""
    target = evidence.target
    if not target.is_configured or not target.variable or target.url_in_file in ("", target.url):
        return None
    return Found(
        f"{target.variable} says {target.url}, the file {target.url_in_file}",
        f"if the file is right:\n  unset {target.variable}",
    )


@configuration.finding
def no_container_engine(evidence: Configuration) -> Found | None:
    """Earthly then ignores the daemon of its file and stops at "could not determine buildkit address"."""
    target = evidence.target
    if evidence.engine_works or target.client is None:
        return None
    return Found(
        "neither docker ps nor podman ps works here",
        f"start one of them, or name the daemon where Earthly needs neither:\n"
        f"  export {target.client.host_variable}={target.url}",
    )


@configuration.finding
def tls_switched_off(evidence: Configuration) -> Found | None:
    """Earthly would talk to the daemon without TLS, and the team's daemon refuses that."""
    target = evidence.target
    if target.tls_enabled or target.client is None:
        return None
    return Found(f"tls_enabled: false in {target.client.config}", "set it to true under global, or drop the line")


@configuration.finding
def leftover_default_files(evidence: Configuration) -> Found | None:
    """Without the key to them Earthly stops at "cannot generate missing certificates" for a local daemon."""
    if not evidence.leftovers:
        return None
    names = ", ".join(Path(path).name for path in evidence.leftovers)
    folder = Path(evidence.leftovers[0]).parent
    return Found(
        f"{folder} holds {names}, but no ca_key.pem",
        f"move them away; Earthly makes new ones when it needs them:\n"
        f"  mkdir {folder}.old && mv {folder}/*.pem {folder}.old/",
    )


def _unread_as(evidence: Configuration, kind: type[CertkitError]) -> Found | None:
    problem = evidence.target.problem
    return Found(problem.message, problem.hint) if problem and type(problem) is kind else None


def _refused_as(evidence: Configuration, kind: type[MalformedError]) -> Found | None:
    problem = evidence.problem
    return Found(problem.message, problem.hint) if type(problem) is kind else None


def _host_name() -> str:
    import socket

    return socket.gethostname()
