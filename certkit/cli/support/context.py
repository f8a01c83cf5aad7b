"""What many verbs need: the clock, the lead's home, a place for a new file, fingerprints to compare."""

import contextlib
import os
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from certkit.cli.support import passphrases
from certkit.errors import CertkitError, MalformedError, MissingError, RefusedError

if TYPE_CHECKING:
    from certkit.authority.home import Home
    from certkit.enroll.bundle import ServerAuthorities

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="CERTKIT_HOME", help="The team's folder, else the platform's application folder."),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The client's configuration, instead of its own file.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


def home_path(option: Path | None) -> Path:
    """Give the home's folder: what was asked for, else the one of CERTKIT_HOME or the platform's application folder."""
    from certkit.files import application_directory

    named = option or os.environ.get("CERTKIT_HOME")
    return Path(named).absolute() if named else application_directory()


def check_new(path: Path) -> None:
    """Raise if a file cannot be made at `path`, before anything is done that it would be lost for."""
    try:
        is_there = path.exists() or path.is_symlink()
    except OSError as error:
        raise CertkitError(f"{path} cannot be written: {error.strerror}", "Name another file.") from None
    if is_there:
        raise RefusedError(f"{path} exists already and is not overwritten", "Name another file.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise MissingError(f"{path.parent} is not there, or cannot be written", "Name a file in another folder.")


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let what is wrong with a file's content name the file."""
    from certkit.pki.keys import WrongPassphraseError

    try:
        yield
    except (MalformedError, RefusedError, WrongPassphraseError) as error:
        raise error.about(path) from None


@contextlib.contextmanager
def opened(option: Path | None) -> Iterator["Home"]:
    """Open the home, ask for its passphrase when one is needed, and close it again."""
    from certkit.authority import home, publication

    path = home_path(option)
    try:
        opened_home = home.open_home(path, lambda: passphrases.of_authorities(opened_home))
    except MissingError as error:
        if (path / home.SETTINGS).exists() or not _is_enrolled():
            raise
        raise MissingError(error.message, f"{error.hint} To check this laptop: certkit probe") from None
    with contextlib.closing(opened_home):
        publication.settle(opened_home, now())
        yield opened_home


def _is_enrolled() -> bool:
    """Tell whether this is the laptop of somebody who builds on a team's daemon."""
    from certkit.earthly import flag_clients
    from certkit.earthly.clients import find
    from certkit.earthly.user import user_of
    from certkit.enroll import record

    return bool(flag_clients.teams(user_of(os.environ))) or any(record.teams(client) for client in find(os.environ))


def command(team: "Home", words: str) -> str:
    """Give a command of certkit's to paste: with --home where a bare one would not find this home."""
    return f"certkit {words}" + ("" if team.path == home_path(None) else f" --home {shlex.quote(str(team.path))}")


def fingerprints(authorities: "ServerAuthorities") -> list[str]:
    """Return the lines by which two people compare authorities."""
    from certkit.pki import certificates

    return [f"  {certificates.words(each.subject)}   SHA-256 {certificates.fingerprint(each)}" for each in authorities]
