"""The folder of one team: its settings, its authorities, its daemons' files, its ledger."""

import getpass
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from certkit import files
from certkit.authority import passphrase, settings
from certkit.authority.settings import Settings
from certkit.errors import CertkitError, Missing
from certkit.ledger.interface import Event, Ledger
from certkit.ledger.sqlite import open_ledger
from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority

Role = Literal["server", "client"]
"""The server authority vouches for daemons, the client authority for people."""

SETTINGS = "team.yml"
LEDGER = "ledger.sqlite"
CERTIFICATE, KEY, ANCHORS = "cert.pem", "key.pem", "ca.pem"


@dataclass(frozen=True)
class Home:
    """An open home."""

    path: Path
    settings: Settings
    ledger: Ledger
    ask_passphrase: Callable[[], bytes] = field(repr=False)

    @property
    def team(self) -> str:
        """The team's name."""
        return self.settings.team

    def certificate_pem(self, role: Role) -> bytes:
        """Give the certificate of an authority; its key stays shut."""
        return files.read(authority_directory(self.path, role) / CERTIFICATE)

    def authority(self, role: Role) -> Authority:
        """Open an authority, with its passphrase if it has one."""
        folder = authority_directory(self.path, role)
        certificate = certificates.load(self.certificate_pem(role))
        pem = files.read(folder / KEY)
        try:
            key = keys.load(pem)
        except keys.Encrypted:
            key = keys.load(pem, passphrase.obtain(self.settings, self.ask_passphrase))
        if not keys.matches(key, certificate):
            raise CertkitError(f"the key in {folder} is not that of its certificate", "Restore it from a backup.")
        return Authority(certificate, key)

    def daemon_directory(self, name: str) -> Path:
        """Where the three files of a daemon lie."""
        return self.path / "daemons" / name

    def record(self, action: str, subject: str, now: datetime, **detail: object) -> None:
        """Append an event to the log; belongs into the transaction of what it tells."""
        self.ledger.add_event(event(action, subject, now, detail))

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()


def open_home(path: Path, ask_passphrase: Callable[[], bytes]) -> Home:
    """Open the home in a folder; raises Missing if there is none."""
    if not (path / SETTINGS).exists():
        raise Missing(f"there is no team in {path}", "Make one: certkit init --help (or say where it is with --home).")
    return Home(path, settings.load(path / SETTINGS), open_ledger(path / LEDGER), ask_passphrase)


def authority_directory(path: Path, role: Role) -> Path:
    """Where an authority's certificate and key lie in the home at `path`."""
    return path / "authorities" / role


def event(action: str, subject: str, now: datetime, detail: Mapping[str, object]) -> Event:
    """Make an event that says who is doing it and where."""
    try:
        actor = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        actor = "unknown"
    return Event(now, actor, socket.gethostname(), action, subject, detail)
