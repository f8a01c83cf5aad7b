"""A team's home as it is read: nothing is written, signed or asked for."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from cryptography.x509 import Certificate

from certkit import files
from certkit.authority.home import CERTIFICATE, KEY, RESTORED, TEAM, Home, authority_directory, check_team
from certkit.authority.settings import Settings
from certkit.errors import CertkitError, MalformedError, MissingError
from certkit.ledger import open_ledger
from certkit.ledger.interface import Anchors, Daemon, Ledger
from certkit.ledger.rows import MOST_GENERATIONS, time_of
from certkit.pki import certificates
from certkit.trust.rotation import Role, Rotation, Stage

Found = TypeVar("Found")


class DamagedHomeError(CertkitError):
    """A file of the home is not there, or not what it was."""

    code = "home-damaged"


class Restored(NamedTuple):
    """A restoration: what happened between the backup and `at` is not known.

    A certificate that the ledger does not know may last `until` then; `last_publication` is the newest one in it.
    """

    at: datetime
    until: datetime
    last_publication: int


@dataclass(frozen=True, eq=False, repr=False)
class View:
    """What a home says at one time, read by one thread: a ledger's connection is one thread's."""

    home: Home
    ledger: Ledger
    now: datetime

    @property
    def team(self) -> str:
        """The team's name."""
        return self.home.team

    def recalled(self, _what: str, find: Callable[[], Found]) -> Found:
        """Return what `find` does: what is everybody's, which a view that serves many at once finds but once."""
        return find()

    @property
    def settings(self) -> Settings:
        """What team.yml says."""
        return self.home.settings

    @property
    def path(self) -> Path:
        """The home's folder."""
        return self.home.path

    def rotation(self, role: Role) -> Rotation:
        """Return which generations of an authority issue and are trusted."""
        found = self.ledger.state(f"rotation {role}")
        if found is None:
            return Rotation()
        with sound("a rotation"):
            made = Rotation(**found | {"stage": Stage(found["stage"])})
            for number in (made.old, made.last, made.last if made.new is None else made.new):  # they name folders
                if type(number) is not int or not 0 < number <= MOST_GENERATIONS:
                    raise ValueError(number)
        return made

    def generations(self, role: Role) -> list[int]:
        """Return the generations of an authority that are there, retired ones too, oldest first."""
        known = range(1, self.rotation(role).last + 1)
        return [each for each in known if (self.authority_directory(role, each) / CERTIFICATE).exists()]

    def certificate(self, role: Role, generation: int | None = None) -> Certificate:
        """Return the certificate of an authority, the issuing generation's by default; its key stays shut."""
        path = self.certificate_path(role, generation)
        if self.home.shares_ledger and not path.exists():
            raise DamagedHomeError(
                f"this host lacks {path.parent.name}, an authority that was made on another one",
                f"Copy that folder from there into {path.parent.parent}.",
                code="authority-elsewhere",
                path=path.parent,
            )
        with intact(path):
            return certificates.load(files.read(path))

    def has_expired(self, role: Role) -> bool:
        """Tell whether the authority that signs has expired: nobody trusts it any more."""
        return self.certificate(role).not_valid_after_utc <= self.now

    def certificate_path(self, role: Role, generation: int | None = None) -> Path:
        """Return where the certificate of an authority lies, the issuing generation's by default."""
        return self.authority_directory(role, generation) / CERTIFICATE

    def trusted(self, role: Role) -> tuple[Certificate, ...]:
        """Return the certificates of the generations that are trusted, oldest first."""
        return tuple(self.certificate(role, generation) for generation in self.rotation(role).trusted)

    def is_encrypted(self, role: Role) -> bool:
        """Tell whether an authority's key wants a passphrase, or is kept apart, which protects it as well."""
        try:
            return b"ENCRYPTED" in files.read(self.authority_directory(role) / KEY)
        except MissingError:
            return True

    def authority_directory(self, role: Role, generation: int | None = None) -> Path:
        """Return where an authority's certificate and key lie, the issuing generation's by default."""
        return authority_directory(self.path, role, generation or self.rotation(role).issuing)

    def daemon_directory(self, name: str) -> Path:
        """Return where the files of a daemon lie."""
        return self.home.daemon_directory(name)

    def newest_anchors(self) -> Anchors:
        """Return what daemons are told to trust now."""
        newest = self.ledger.newest_anchors()
        if newest is None:
            raise DamagedHomeError("the ledger holds no anchors", "Restore the home from a backup.")
        return newest

    def newest_number(self) -> int:
        """Return its number alone: what a large team's daemons are told has megabytes."""
        return self.ledger.newest_number() or self.newest_anchors().number

    def restored(self) -> "Restored | None":
        """Return when the home was last restored, None if it never was."""
        return self.recalled("restored", self._restored)

    def _restored(self) -> "Restored | None":
        found = self.ledger.state(RESTORED)
        if found is None:
            return None
        with sound("a restoration"):
            at, until = (time_of(found[each]) for each in ("at", "until"))
            return Restored(at, until, int(found["last_publication"]))

    def may_have_forgotten(self) -> bool:
        """Tell whether certificates may be out there that a restored ledger does not know."""
        restored = self.restored()
        return restored is not None and self.now < restored.until

    def served_certificate(self, daemon: Daemon) -> Certificate | None:
        """Return the certificate that a daemon is to serve, None if there is none: the one in its folder.

        Where its host makes the keys, or several hosts share a ledger, this home has no folder that tells: it is then
        the newest that was issued.
        """
        if self.home.shares_ledger or daemon.sync:
            issued = self.ledger.certificates("daemon", daemon=daemon.name, newest_only=True)
            return certificates.load(issued[-1].der) if issued else None
        path = self.daemon_directory(daemon.name) / CERTIFICATE
        try:
            return certificates.load(files.read(path))
        except MissingError:
            return None


@contextlib.contextmanager
def reading(home: Home, now: datetime) -> Iterator[View]:
    """Open a home to be read.

    A ledger of a former version is brought up to date all the same: without that it could not be read.
    """
    with contextlib.closing(open_ledger(home.ledger_url)) as opened:
        check_team(home, (opened.state(TEAM) or {}).get("name"))
        yield View(home, opened, now)


@contextlib.contextmanager
def intact(path: Path) -> Iterator[None]:
    """Turn what is wrong with a file that must be in every home into DamagedHomeError."""
    try:
        yield
    except (MalformedError, MissingError) as error:
        raise DamagedHomeError(
            f"{path} is damaged: {error.message}", "Restore the home from a backup.", path=path
        ) from None


@contextlib.contextmanager
def sound(what: str) -> Iterator[None]:
    """Turn what a crafted ledger may say of something into DamagedHomeError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, OverflowError):
        raise DamagedHomeError(f"the ledger's record of {what} is damaged", "Restore the home from a backup.") from None
