"""Find Earthly and EarthBuild on this machine: their folders, their configuration files, their owner.

The rules are those of their sources (`util/cliutil`, `cmd/earth/app/before.go`).
"""

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit.earthly.user import Environment, user_of
from certkit.errors import InvalidError
from certkit.files import Owner

ENGINE_TIMEOUT = 3.0
"""Seconds that Docker or Podman may take to answer."""


@dataclass(frozen=True)
class Kind:
    """What distinguishes Earthly from EarthBuild."""

    name: str
    title: str
    program: str
    installation: str
    prefixes: tuple[str, ...]


KINDS = {
    kind.name: kind
    for kind in (
        Kind("earthly", "Earthly", "earthly", "earthly", ("EARTHLY_",)),
        Kind("earthbuild", "EarthBuild", "earth", "earth", ("EARTH_", "EARTHLY_")),
    )
}


@dataclass(frozen=True)
class Client:
    """One client as it is set up on this machine.

    `directory` is where its relative paths start, wherever `config` lies. Under sudo `owner` is the user
    to whom it hands its files; otherwise None. A configuration that is named, by option or variable, must be there.
    """

    kind: Kind
    directory: Path
    config: Path
    owner: Owner | None = None
    is_config_named: bool = False

    @property
    def name(self) -> str:
        """The client's name as `--for` takes it."""
        return self.kind.name

    @property
    def title(self) -> str:
        """The client's name in prose."""
        return self.kind.title

    @property
    def host_variable(self) -> str:
        """The environment variable that overrides `buildkit_host`."""
        return self.kind.prefixes[0] + "BUILDKIT_HOST"


def locate(name: str, environ: Environment, config: Path | None = None) -> Client:
    """Locate a client's folder and configuration; `config` is what its `--config` would be given.

    Raises InvalidError if `name` is no client's.
    """
    kind = KINDS.get(name)
    if kind is None:
        raise unknown(name, KINDS)
    user = user_of(environ)
    directory = user.home / f".{variable(kind, environ, 'INSTALLATION_NAME')[1] or kind.installation}"
    named = str(config or variable(kind, environ, "CONFIG")[1])
    place = Path(named).absolute() if named else _default_config(directory)
    return Client(kind, directory, place, user.owner, is_config_named=bool(named))


def unknown(name: str, known: Iterable[str]) -> InvalidError:
    """Make the error for a name that is no client's."""
    return InvalidError(
        f"{name!r} is not a client that certkit knows",
        f"Choose from {', '.join(known)}.",
        code="client-unknown",
        client=name,
        known=tuple(known),
    )


def find(environ: Environment, names: Sequence[str] = (), config: Path | None = None) -> list[Client]:
    """Return the clients called `names`; without names, those that have a folder or a program here.

    Of two clients that would read the same file, only the first is returned.
    """
    clients = [locate(name, environ, config) for name in names or KINDS]
    found = [client for client in clients if names or is_installed(client, environ)]
    return list({(client.directory, client.config): client for client in reversed(found)}.values())[::-1]


def is_installed(client: Client, environ: Environment) -> bool:
    """Tell whether a client has its folder, or its program on PATH."""
    program = shutil.which(client.kind.program, path=environ.get("PATH", ""))
    others = {kind.program for kind in KINDS.values()} - {client.kind.program}
    # EarthBuild installs a link from `earthly` to itself.
    return client.directory.is_dir() or (program is not None and Path(program).resolve().name not in others)


def variable(kind: Kind, environ: Environment, suffix: str) -> tuple[str, str]:
    """Return the name and value of the variable that the client reads, both empty if none is set.

    The first that is set wins, even if it is set to nothing.
    """
    name = next((prefix + suffix for prefix in kind.prefixes if prefix + suffix in environ), "")
    return (name, environ[name]) if name and environ[name] else ("", "")


def docker_or_podman_works(environ: Environment) -> bool:
    """Tell whether the client would find a container engine: it runs `docker ps`, then `podman ps`.

    Without one it ignores the `buildkit_host` of its file. Takes ENGINE_TIMEOUT for each at most.
    """
    return any(_engine_answers(program, environ) for program in ("docker", "podman"))


def _engine_answers(program: str, environ: Environment) -> bool:
    path = shutil.which(program, path=environ.get("PATH", ""))
    if path is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603 - the very program that the client would run
            [path, "ps"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=ENGINE_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _default_config(directory: Path) -> Path:
    new, old = directory / "config.yml", directory / "config.yaml"
    return old if old.is_file() and not new.is_file() else new
