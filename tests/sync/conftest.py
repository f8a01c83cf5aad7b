"""A team with a server, whose daemon's host is this machine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Lead, lead
from tests.server.running import Server, serving
from tests.sync.machine import Machine

__all__ = ["lead"]


@dataclass
class Team:
    """A lead with a server, and the host of the daemon called build."""

    lead: Lead
    folder: Path
    machine: Machine
    server: Server = field(init=False)

    @property
    def home(self) -> Path:
        """The lead's folder."""
        return self.folder / "home"

    @property
    def state(self) -> Path:
        """Where the host keeps what it knows."""
        return self.folder / ".local" / "share" / "certkit-host"

    def enroll(self) -> Ended:
        """Make this machine the daemon's host."""
        code = self.lead("invite", "--daemon", "build", "--json").data["code"]
        return self.lead("enroll", code)

    def sync(self, *options: str) -> Ended:
        """Sync once, and restart the daemon at once if that is needed."""
        given = options or ("--restart-command", str(self.machine.restart), "--deadline", "0")
        return self.lead("daemon", "sync", "--once", *given)

    def daemon(self) -> dict[str, object]:
        """Return what the lead knows of the daemon."""
        found: dict[str, object] = self.lead("daemon", "list", "--json").data["daemons"][0]
        return found


Found = Callable[[str | None], Team]


@pytest.fixture
def found(lead: Lead, tmp_path: Path) -> Iterator[Found]:
    """Return what makes a team, with a daemon of a flavour, or its stand-in."""
    machines, servers = [], []

    def make(flavour: str | None = None) -> Team:
        machine = Machine(tmp_path / "host", flavour)
        machines.append(machine)
        made = ("init", "--team", "acme", "--daemon", machine.url, "--name", "build")
        assert lead(*made).code == 0
        assert lead("daemon", "deploy", "build", "--certs", machine.files).code == 0
        team = Team(lead, tmp_path, machine)
        context = serving(team.home)
        team.server = context.__enter__()
        servers.append(context)
        return team

    yield make
    for context in servers:
        context.__exit__(None, None, None)
    for machine in machines:
        print(machine.log)
        machine.close()


@pytest.fixture
def team(found: Found) -> Team:
    """Return a team whose daemon is the stand-in."""
    return found(None)
