"""What many verbs need: the clock, the two ways into the home, a place for a new file, fingerprints to compare."""

import contextlib
import os
import shlex
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from certkit.cli.support import passphrases
from certkit.cli.support.exit_codes import FailOn
from certkit.cli.support.output import tell
from certkit.errors import CertkitError, MalformedError, MissingError, RefusedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from certkit.authority.home import Home
    from certkit.authority.session import Session
    from certkit.authority.view import View
    from certkit.ledger.interface import Actor

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="CERTKIT_HOME", help="The team's folder, else the platform's application folder."),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The client's configuration, instead of its own file.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
FailOnOption = Annotated[FailOn, typer.Option("--fail-on", help="What ends with 3: error, or warning for either.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def actor() -> "Actor":
    """Return who runs this command."""
    from certkit.cli.support.actor import real

    return real(os.environ)


def home_path(option: Path | None) -> Path:
    """Return the home's folder: the one asked for, else that of CERTKIT_HOME, else in the application folder."""
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
def reading(option: Path | None) -> Iterator["View"]:
    """Open the home to be read, and say so if a killed command has left something unfinished in it."""
    from certkit.authority import view
    from certkit.authority.unfinished import unfinished

    with view.reading(_home(option), now()) as opened:
        if left := unfinished(opened):
            _tell_unfinished(opened, sorted({each.kind for each in left}))
        yield opened


@contextlib.contextmanager
def changing(option: Path | None) -> Iterator["Session"]:
    """Open the home to be changed; a passphrase is asked for when one is needed."""
    from certkit.authority import changes
    from certkit.authority.exposure import exposed

    with changes.changing(_home(option), actor(), now()) as session:
        for path in exposed(session.path):
            tell(f"Others on this machine have rights to {path}: chmod go-rwx {shlex.quote(str(path))}")
        yield session


def _home(option: Path | None) -> "Home":
    from certkit.authority import home

    path = home_path(option)
    try:
        return home.open_home(path, lambda: passphrases.of_authorities(path))
    except MissingError as error:
        if error.code == "home-missing" and _is_enrolled():
            raise MissingError(error.message, code="home-missing-on-laptop", home=path) from None
        raise


def _tell_unfinished(view: "View", kinds: list[str]) -> None:
    from certkit.cli.support import wording

    any_daemon = next((daemon.name for daemon in view.ledger.daemons()), None)
    finishing = f"daemon check {any_daemon}" if any_daemon else "backup FILE"
    tell(f"A command was interrupted, and is unfinished: {', '.join(map(wording.of, kinds))}.")
    tell(f"The next change finishes it, for example:  {command(view, finishing)}")


def _is_enrolled() -> bool:
    """Tell whether this is the laptop of somebody who builds on a team's daemon."""
    from certkit.earthly import flag_clients
    from certkit.earthly.clients import find
    from certkit.earthly.user import user_of
    from certkit.enroll import record

    return bool(flag_clients.teams(user_of(os.environ))) or any(record.teams(client) for client in find(os.environ))


def command(view: "View", words: str) -> str:
    """Return a command of certkit's to paste: with --home where a bare one would not find this home."""
    return f"certkit {words}" + ("" if view.path == home_path(None) else f" --home {shlex.quote(str(view.path))}")


def fingerprints(authorities: Iterable["Certificate"]) -> list[str]:
    """Return the lines by which two people compare authorities."""
    from certkit.pki import certificates

    return [f"  {certificates.words(each.subject)}   SHA-256 {certificates.fingerprint(each)}" for each in authorities]
