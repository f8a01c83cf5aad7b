"""The two ways into the team's home, and commands that find the same home again."""

import contextlib
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from certkit.authority import changes, home, view
from certkit.authority.exposure import exposed
from certkit.authority.session import Session
from certkit.authority.unfinished import Unfinished, unfinished
from certkit.authority.view import View
from certkit.cli import actions
from certkit.cli.support import actor, behalf, context
from certkit.cli.support.output import tell
from certkit.errors import MissingError


@contextlib.contextmanager
def reading(option: Path | None) -> Iterator[View]:
    """Open the home to be read, and say so if something in it is unfinished."""
    with reading_first(option) as opened:
        if left := unfinished(opened):
            _tell_unfinished(opened, left)
        yield opened


@contextlib.contextmanager
def reading_first(option: Path | None) -> Iterator[View]:
    """Open the home to be read by a command that goes on to change it: that finishes whatever is unfinished."""
    with view.reading(_home(option), context.now()) as opened:
        yield opened


@contextlib.contextmanager
def changing(option: Path | None) -> Iterator[Session]:
    """Open the home to be changed; a passphrase is asked for when one is needed."""
    elsewhere = behalf.current()
    who = elsewhere.actor if elsewhere else actor.real(os.environ)
    with changes.changing(_home(option), who, context.now()) as session:
        for path in exposed(session.path):
            tell(f"Others on this machine have rights to {path}: chmod go-rwx {shlex.quote(str(path))}")
        yield session


def serving(option: Path | None, known_passphrase: bytes | None) -> home.Home:
    """Return the home for whoever opens it again and again; a passphrase may be known from elsewhere."""
    return _knowing(_home(option), known_passphrase)


def command(opened: View, words: str) -> str:
    """Return a certkit command to paste: with --home where a bare one would not find this home."""
    at = "" if opened.path == context.home_path(None) else f" --home {shlex.quote(str(opened.path))}"
    return f"certkit {words}{at}"


def _home(option: Path | None) -> home.Home:
    path = context.home_path(option)
    elsewhere = behalf.current()
    try:
        found = home.open_home(path, lambda: _ask_passphrase(path), context.ledger_url())
        return _knowing(found, elsewhere.passphrase if elsewhere else None)
    except MissingError as error:
        if error.code == "home-missing" and actions.enrolled_here.is_enrolled():  # imports the laptop's side
            raise MissingError(error.message, code="home-missing-on-laptop", home=path) from None
        raise


def _knowing(found: home.Home, passphrase: bytes | None) -> home.Home:
    if passphrase is None:
        return found
    return found._replace(passphrase=home.Passphrase(found.settings, found.passphrase.ask, passphrase))


def _ask_passphrase(path: Path) -> bytes:
    from certkit.cli.support import authority_passphrases  # which few commands ask for

    return authority_passphrases.ask_until_it_opens(path)


def _tell_unfinished(opened: View, left: Sequence[Unfinished]) -> None:
    from certkit.cli.support import wording  # as above

    any_daemon = next((daemon.name for daemon in opened.ledger.daemons()), None)
    finishing = f"daemon check {any_daemon}" if any_daemon else "backup FILE"
    what = ", ".join(map(wording.of, sorted({each.kind for each in left if each.is_interruption})))
    if what and opened.home.shares_ledger:
        tell(f"What another host has changed, or an interrupted command, is not in this home's files yet: {what}.")
    elif what:
        tell(f"A command was interrupted, and is unfinished: {what}.")
    for each in left:
        if each.why:
            tell(f"What daemons are to trust must be published anew: {wording.of(each.why)}.")
        elif not each.is_interruption:
            tell(f"To be mended: {wording.of(each.kind)}.")
    tell(f"The next change finishes it, for example:  {command(opened, finishing)}")
