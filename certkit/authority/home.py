"""The folder of one team: its settings, its authorities, its daemons' files, its ledger."""

import contextlib
import functools
import getpass
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate

from certkit import files
from certkit.authority import journal, passphrase, settings
from certkit.authority.settings import Settings
from certkit.errors import CertkitError, MalformedError, MissingError, RefusedError
from certkit.ledger.interface import Event, Ledger
from certkit.ledger.sqlite import open_ledger
from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from certkit.trust.rotation import Role, Rotation, Stage

ROLES: tuple[Role, ...] = ("server", "client")
"""The server authority vouches for daemons, the client authority for people."""

SETTINGS = "team.yml"
LEDGER = "ledger.sqlite"
LOCK = "lock"
TEAM = "team"
"""The state in the ledger that keeps the team's name."""
CERTIFICATE, KEY, ANCHORS, CRL = "cert.pem", "key.pem", "ca.pem", "crl.pem"


@dataclass(frozen=True)
class Home:
    """An open home."""

    path: Path
    settings: Settings
    ledger: Ledger
    passphrase: Callable[[], bytes] = field(repr=False)
    """Gives the passphrase of the authorities' keys, asking at most once."""
    _held: list[Path] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def team(self) -> str:
        """The team's name."""
        return self.settings.team

    def rotation(self, role: Role) -> Rotation:
        """Say which generations of an authority issue, are trusted and are kept."""
        found = self.ledger.state(f"rotation {role}")
        return Rotation(**found | {"stage": Stage(found["stage"])}) if found else Rotation()

    def generations(self, role: Role) -> list[int]:
        """Give the generations of an authority that are there, retired ones too, oldest first."""
        known = range(1, self.rotation(role).last + 1)
        return [each for each in known if (self.authority_directory(role, each) / CERTIFICATE).exists()]

    def certificate(self, role: Role, generation: int | None = None) -> Certificate:
        """Give the certificate of an authority, the issuing generation's by default; its key stays shut."""
        path = self.authority_directory(role, generation) / CERTIFICATE
        with _intact(path):
            return certificates.load(files.read(path))

    def trusted(self, role: Role) -> tuple[Certificate, ...]:
        """Give the certificates of the generations that are trusted, oldest first."""
        return tuple(self.certificate(role, generation) for generation in self.rotation(role).trusted)

    def authority(self, role: Role, generation: int | None = None) -> Authority:
        """Open an authority, the issuing generation by default, with its passphrase if it has one."""
        folder = self.authority_directory(role, generation)
        certificate = self.certificate(role, generation)
        try:
            with _intact(folder / KEY):
                pem = files.read(folder / KEY)
                key = keys.load(pem)
        except keys.EncryptedKeyError:
            key = keys.load(pem, self.passphrase())
        if not keys.matches(key, certificate):
            raise CertkitError(f"the key in {folder} is not that of its certificate", "Restore it from a backup.")
        return Authority(certificate, KeySigner(key))

    def is_encrypted(self, role: Role) -> bool:
        """Tell whether an authority's key wants a passphrase."""
        return b"ENCRYPTED" in files.read(self.authority_directory(role) / KEY)

    def authority_directory(self, role: Role, generation: int | None = None) -> Path:
        """Where an authority's certificate and key lie, the issuing generation's by default."""
        return authority_directory(self.path, role, generation or self.rotation(role).issuing)

    def daemon_directory(self, name: str) -> Path:
        """Where the three files of a daemon lie."""
        return self.path / "daemons" / name

    def record(self, action: str, subject: str, now: datetime, **detail: object) -> None:
        """Append an event to the log; belongs into the transaction of what it tells."""
        self.ledger.add_event(_event(action, subject, now, detail))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home's lock, for changes of files; who holds it may take it again. Never inside a transaction."""
        if self._held:
            yield
            return
        with files.locked(self.path / LOCK):
            self._held.append(self.path)
            try:
                yield
            finally:
                self._held.clear()

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()


def open_home(path: Path, ask_passphrase: Callable[[], bytes]) -> Home:
    """Open the home in a folder; raises MissingError if there is none, RefusedError if it is another user's."""
    if not (path / SETTINGS).exists():
        raise MissingError(
            f"there is no team in {path}", "Make one: certkit init --help (or say where it is with --home)."
        )
    if path.stat().st_uid != os.geteuid():  # whose team.yml would name a command to be run
        raise RefusedError(f"{path} belongs to another user", "Run certkit as the user who owns it.")
    ledger = open_ledger(path / LEDGER)
    if journal.is_pending(ledger):
        with files.locked(path / LOCK):
            journal.finish(path, ledger)
    found = settings.recall(path / SETTINGS, ledger)
    _check_team(path, found.team, ledger)
    return Home(path, found, ledger, functools.cache(lambda: passphrase.obtain(found, ask_passphrase)))


def _check_team(path: Path, team: str, ledger: Ledger) -> None:
    """Refuse another name than that in all certificates: anchors would exclude names that nobody bears."""
    known = ledger.state(TEAM)
    if known and known["name"] != team:
        raise MalformedError(f"{path / SETTINGS} names the team {team}", f"Put back the line `team: {known['name']}`.")


@contextlib.contextmanager
def _intact(path: Path) -> Iterator[None]:
    try:
        yield
    except (MalformedError, MissingError) as error:
        raise CertkitError(f"{path} is damaged: {error.message}", "Restore the home from a backup.") from None


def authority_directory(path: Path, role: Role, generation: int) -> Path:
    """Where a generation's certificate and key lie in the home at `path`."""
    return path / "authorities" / f"{role}-{generation}"


def _event(action: str, subject: str, now: datetime, detail: Mapping[str, object]) -> Event:
    """Make an event that says who is doing it and where."""
    try:
        actor = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        actor = "unknown"
    return Event(now, actor, socket.gethostname(), action, subject, detail)
