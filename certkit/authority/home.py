"""The folder of one team: where its settings, its authorities, its daemons' files and its ledger lie.

What it says is read through a `View`, and changed in a `Session`.
"""

import contextlib
import os
import pwd
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from certkit import ledger
from certkit.authority import passphrase, settings
from certkit.authority.settings import Settings
from certkit.errors import MalformedError, MissingError, RefusedError
from certkit.ledger import urls
from certkit.pki import names
from certkit.trust.rotation import Role

ROLES: tuple[Role, ...] = ("server", "client")
"""The server authority vouches for daemons, the client authority for people."""

SETTINGS, LEDGER, LOCK, CACHE = "team.yml", "ledger.sqlite", "lock", ".settings.json"
TEAM = "team"
"""The state in the ledger that keeps the team's name."""
RESTORED = "restored"
"""The state that says when the home was restored, if it was."""
CERTIFICATE, KEY, ANCHORS, CRL = "cert.pem", "key.pem", "ca.pem", "crl.pem"


class Passphrase:
    """The passphrase of the authorities' keys, obtained at most once, by whichever thread comes first.

    It comes from where the settings say, else from `ask`, unless it is `known` already.
    """

    def __init__(self, wanted: Settings, ask: Callable[[], bytes], known: bytes | None = None) -> None:
        self.ask = ask
        self._settings = wanted
        self._lock = threading.Lock()
        self._known = known

    @property
    def known(self) -> bytes | None:
        """Return it if somebody has asked already."""
        return self._known

    def __call__(self) -> bytes:
        """Return it, asking if nobody has."""
        with self._lock:
            if self._known is None:
                self._known = passphrase.obtain(self._settings, self.ask)
            return self._known


class Home(NamedTuple):
    """A home that is there, and whose it is. Any number of threads may share one."""

    path: Path
    settings: Settings
    passphrase: Passphrase
    named_ledger: str = ""
    """The URL of the ledger as this process was told; empty for what the settings say."""

    def __repr__(self) -> str:
        return f"Home({str(self.path)!r})"  # the ledger's URL may hold a password

    @property
    def team(self) -> str:
        """The team's name."""
        return self.settings.team

    @property
    def ledger_url(self) -> str:
        """Where the ledger is."""
        return self.named_ledger or self.settings.ledger or ledger.file_url(self.path / LEDGER)

    @property
    def shares_ledger(self) -> bool:
        """Whether other hosts may have the same ledger, beside authorities and daemons' files of their own."""
        return urls.is_postgresql(self.ledger_url)

    def daemon_directory(self, name: str) -> Path:
        """Return where the files of a daemon lie; raises InvalidError for what cannot be a daemon's name."""
        return self.path / "daemons" / names.slug(name, "daemon")


def open_home(path: Path, ask_passphrase: Callable[[], bytes], ledger_url: str = "") -> Home:
    """Find the home in a folder; its ledger is at `ledger_url` if that is given, whatever the settings say.

    Raises MissingError if there is none, or one without its settings, RefusedError if it is another user's.
    """
    try:
        check_settings(path)
        if not (path / SETTINGS).exists():
            raise MissingError(f"there is no team in {path}", code="home-missing", home=path)
    except PermissionError:  # it is, or lies in, a folder that is another user's alone
        raise _foreign(path) from None
    if path.stat().st_uid != os.geteuid():  # whose team.yml would name a command to be run
        raise _foreign(path)
    found = settings.recall(path / SETTINGS, path / CACHE)
    return Home(path, found, Passphrase(found, ask_passphrase), ledger_url)


def check_settings(path: Path) -> None:
    """Raise MissingError where the settings of a home are gone, and all else is there: a second team would hide it."""
    is_home = (path / "authorities").is_dir() or (path / LEDGER).exists()
    if is_home and not (path / SETTINGS).exists():
        raise MissingError(f"{path / SETTINGS} is missing", code="settings-missing", path=path / SETTINGS)


def _foreign(path: Path) -> RefusedError:
    owner = _owner(path)
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = f"#{owner}"  # as sudo takes it
    return RefusedError(f"{path} belongs to another user, {name}", code="home-foreign", home=path, owner=name)


def _owner(path: Path) -> int:
    """Return whose a folder is, or if that cannot be seen, whose the nearest one above it is."""
    with contextlib.suppress(PermissionError):
        return path.stat().st_uid
    return _owner(path.parent)


def check_team(home: Home, known: str | None) -> None:
    """Refuse another team's name than that in all certificates: anchors would exclude names that nobody bears."""
    if known is not None and known != home.team:
        raise MalformedError(
            f"{home.path / SETTINGS} names the team {home.team}",
            f"Put back the line `team: {known}`.",
            code="settings-team",
        )


def authority_directories(path: Path) -> list[Path]:
    """Return the folders of all generations of both authorities in the home at `path`, whatever is in them."""
    authorities = path / "authorities"
    return sorted(each for each in authorities.iterdir() if "-" in each.name) if authorities.is_dir() else []


def authority_directory(path: Path, role: Role, generation: int) -> Path:
    """Return where a generation's certificate and key lie in the home at `path`."""
    return path / "authorities" / f"{role}-{generation}"
