"""A team made as its people would make it: by the commands, in folders of their own."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypedDict

import pytest

from certkit.cli import main
from tests.daemons.daemon import HOST

PERSON = "alice@acme.example"


class Arguments(TypedDict):
    """The three files as a daemon takes them."""

    ca: Path
    cert: Path
    key: Path


@dataclass(frozen=True)
class Files:
    """The three files that one side of mutual TLS needs."""

    ca: Path
    cert: Path
    key: Path

    @classmethod
    def of(cls, folder: Path) -> "Files":
        """Name the files of a folder that certkit has made."""
        return cls(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")

    def as_arguments(self) -> Arguments:
        """Return them as a daemon takes them."""
        return {"ca": self.ca, "cert": self.cert, "key": self.key}


@dataclass(frozen=True)
class Team:
    """A team called acme with one daemon, and Alice, who has enrolled her laptop."""

    folder: Path

    @property
    def home(self) -> Path:
        """The lead's folder."""
        return self.folder / "lead"

    @property
    def laptop(self) -> Path:
        """Alice's home folder."""
        return self.folder / "alice"

    @property
    def daemon(self) -> Files:
        """What the daemon is started with."""
        return Files.of(self.home / "daemons" / "build")

    @property
    def device(self) -> Files:
        """What Alice's Earthly uses."""
        return Files.of(self.laptop / ".earthly" / "certs" / "acme")

    def authority(self, role: str) -> Path:
        """Return the certificate of the `server` or the `client` authority."""
        return self.home / "authorities" / role / "cert.pem"


def found(folder: Path, *, port: int = 8372, host: str = HOST, key_type: str = "p256") -> Team:
    """Create the team, issue Alice a bundle and enroll her laptop, by the commands."""
    team = Team(folder)
    bundle = folder / "alice.certkit"
    url = f"tcp://{host}:{port}"
    with at(team):
        run("init", "--team", "acme", "--daemon", url, "--name", "build", "--san", "::1", "--key-type", key_type)
        run("issue", PERSON, "--out", str(bundle), "--no-passphrase")
        run("enroll", str(bundle), "--for", "earthly", "--no-probe")
    return team


class Place(Protocol):
    """Whose folders a command finds: the lead's, and a laptop's."""

    @property
    def home(self) -> Path:
        """The lead's folder."""

    @property
    def laptop(self) -> Path:
        """The laptop's home folder."""


@contextlib.contextmanager
def at(team: Place) -> Iterator[None]:
    """Be at the team's machines: the lead's home, Alice's laptop, and nothing of this one's settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("EARTHLY_", "EARTH_", "XDG_", "SUDO_")):
                patch.delenv(name)
        team.laptop.mkdir(parents=True, exist_ok=True)
        patch.setenv("HOME", str(team.laptop))
        patch.setenv("CERTKIT_HOME", str(team.home))
        yield


def run(*arguments: str) -> None:
    """Run a command that must succeed."""
    assert main(arguments) == 0, arguments
