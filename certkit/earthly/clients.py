"""Find Earthly and EarthBuild on this machine: their folders, their configuration files, their owner.

The rules are those of their sources (`util/cliutil`, `cmd/earth/app/before.go`).
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from certkit.earthly import env_file
from certkit.earthly.env_file import EnvFile
from certkit.earthly.user import Environment, user_of
from certkit.errors import InvalidError
from certkit.files import Owner

HOST_VARIABLE = "EARTHLY_BUILDKIT_HOST"
"""The variable that overrides `buildkit_host` for every client; EarthBuild before 0.8.18 reads no other."""

IMAGE_ENTRYPOINT = Path("/usr/bin/earthly-entrypoint.sh")
"""What starts the client in the images earthly/earthly and earthbuild/earthbuild, with IMAGE_CONFIG."""

IMAGE_CONFIG = Path("/etc/.earthly/config.yml")


class Kind(NamedTuple):
    """What distinguishes Earthly from EarthBuild."""

    name: str
    title: str
    program: str
    installation: str
    prefixes: tuple[str, ...]
    env_files: tuple[str, ...]
    """The variables that name another file than `.env`, the strongest first."""


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "earthly",
            "Earthly",
            "earthly",
            "earthly",
            prefixes=("EARTHLY_",),
            env_files=("EARTHLY_ENV_FILE_PATH", "EARTHLY_ENV_FILE"),
        ),
        Kind(
            "earthbuild",
            "EarthBuild",
            "earth",
            "earth",
            prefixes=("EARTH_", "EARTHLY_"),
            env_files=("EARTH_ENV_FILE", "EARTHLY_ENV_FILE"),
        ),
    )
}


class Client(NamedTuple):
    """One client as it is set up on this machine.

    `directory` is where its relative paths start, wherever `config` lies. Under sudo `owner` is the user
    to whom it hands its files; otherwise None. A configuration that is named, by option or variable, must be there.
    """

    kind: Kind
    directory: Path
    config: Path
    owner: Owner | None = None
    is_config_named: bool = False
    env_file: EnvFile | None = None
    """What the client reads into its environment first; None where nobody looked."""
    blanked_by: str = ""
    """The variable that is set to nothing, by which the client reads no configuration at all."""

    @property
    def name(self) -> str:
        """The client's name as `--for` takes it."""
        return self.kind.name

    @property
    def title(self) -> str:
        """The client's name in prose."""
        return self.kind.title

    def seen(self, environ: Environment) -> Environment:
        """Return the environment as the client sees it."""
        return self.env_file.seen(environ) if self.env_file else environ


def locate(name: str, environ: Environment, config: Path | None = None, *, folder: Path | None = None) -> Client:
    """Locate a client's folder and configuration.

    Args:
        name: The client.
        environ: The environment that it would see.
        config: What its `--config` would be given.
        folder: Where it would be run, if its `.env` there is to count.

    Raises:
        InvalidError: `name` is no client's.

    """
    kind = KINDS.get(name)
    if kind is None:
        raise unknown(name, KINDS)
    read = env_file.read(kind.env_files, environ, folder) if folder else None
    seen = read.seen(environ) if read else environ
    user = user_of(seen)
    directory = user.home / f".{variable(kind, seen, 'INSTALLATION_NAME')[1] or kind.installation}"
    named = str(config or variable(kind, seen, "CONFIG")[1])
    place = Path(named).absolute() if named else _default_config(directory)
    blank = "" if named else _set_to_nothing(kind, seen, "CONFIG") or _set_to_nothing(kind, seen, "INSTALLATION_NAME")
    return Client(kind, directory, place, user.owner, is_config_named=bool(named), env_file=read, blanked_by=blank)


def unknown(name: str, known: Iterable[str]) -> InvalidError:
    """Make the error for a name that is no client's."""
    return InvalidError(
        f"{name!r} is not a client that certkit knows",
        f"Choose from {', '.join(known)}.",
        code="client-unknown",
        client=name,
        known=tuple(known),
    )


def find(
    environ: Environment, names: Sequence[str] = (), config: Path | None = None, *, folder: Path | None = None
) -> list[Client]:
    """Return the clients called `names`; without names, those that have a folder or a program here.

    Of two clients that would read the same file, only the first is returned. The arguments are those of `locate`.
    """
    clients = [locate(name, environ, config, folder=folder) for name in names or KINDS]
    found = [client for client in clients if names or is_installed(client, environ)]
    return list({(client.directory, client.config): client for client in reversed(found)}.values())[::-1]


def is_installed(client: Client, environ: Environment) -> bool:
    """Tell whether a client has its folder, its program on PATH, or is in its image."""
    return client.directory.is_dir() or has_program(client, environ) or client.config == IMAGE_CONFIG


def has_program(client: Client, environ: Environment) -> bool:
    """Tell whether a client's program is on PATH."""
    program = shutil.which(client.kind.program, path=environ.get("PATH", ""))
    others = {kind.program for kind in KINDS.values()} - {client.kind.program}
    # EarthBuild installs a link from `earthly` to itself.
    return program is not None and Path(program).resolve().name not in others


def variable(kind: Kind, environ: Environment, suffix: str) -> tuple[str, str]:
    """Return the name and value of the variable that the client reads, both empty if none is set.

    The first that is set wins, even if it is set to nothing.
    """
    name = _first_set(kind, environ, suffix)
    return (name, environ[name]) if name and environ[name] else ("", "")


def _set_to_nothing(kind: Kind, environ: Environment, suffix: str) -> str:
    name = _first_set(kind, environ, suffix)
    return name if name and not environ[name] else ""


def _first_set(kind: Kind, environ: Environment, suffix: str) -> str:
    return next((prefix + suffix for prefix in kind.prefixes if prefix + suffix in environ), "")


def _default_config(directory: Path) -> Path:
    new, old = directory / "config.yml", directory / "config.yaml"
    config = old if old.is_file() and not new.is_file() else new
    in_image = IMAGE_ENTRYPOINT.is_file() and (IMAGE_CONFIG.is_file() or not config.is_file())
    return IMAGE_CONFIG if in_image else config
