"""A laptop with Earthly on it: one folder that can be looked at whole."""

from dataclasses import replace
from pathlib import Path

from certkit.earthly import clients
from certkit.earthly.clients import Client
from certkit.enroll import config_clients, unenrollment
from certkit.enroll.bundle import Bundle
from certkit.enroll.replacement import Warrant

CONFIG = b"# mine\nglobal:\n  cache_size_mb: 100 # enough\n  tlsca: './mine.pem'\n"


class Laptop:
    """A home folder, and what certkit does in it."""

    def __init__(self, home: Path, config: bytes | None = CONFIG) -> None:
        self.home = home
        self.client = clients.locate("earthly", {"HOME": str(home)})
        self.client.directory.mkdir(parents=True)
        if config is not None:
            self.config.write_bytes(config)

    @property
    def config(self) -> Path:
        """Earthly's configuration."""
        return self.client.config

    def folder(self, team: str) -> Path:
        """The folder of a team's files."""
        return self.client.directory / "certs" / team

    def enroll(
        self, bundle: Bundle, warrant: Warrant = Warrant.NOTHING, *, client: Client | None = None
    ) -> list[config_clients.Step]:
        """Enroll, as the command does."""
        steps = config_clients.plan(bundle, [client or self.client], warrant)
        config_clients.apply(steps)
        return steps

    def unenroll(self, team: str = "acme") -> unenrollment.Undoing:
        """Undo it, as the command does."""
        undoing = unenrollment.plan_one(self.client, team)
        unenrollment.apply_one(undoing)
        return undoing

    def everything(self) -> dict[str, bytes]:
        """Return all files of the home, read through their links."""
        paths = (path for path in self.home.rglob("*") if path.is_file())
        found = {str(path.relative_to(self.home)): path.read_bytes() for path in paths}
        links = (path for path in self.home.rglob("*") if path.is_symlink() and path.is_dir())
        return found | {
            f"{link.relative_to(self.home)}/{p.name}": p.read_bytes() for link in links for p in link.iterdir()
        }


def of_team(bundle: Bundle, team: str) -> Bundle:
    """Return the like of a bundle from another team."""
    return replace(bundle, team=team)
