"""What `certkit backup` and `certkit restore` do."""

import os
import shlex
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from certkit import files
from certkit.authority import backup_content, backups, settings, sizes
from certkit.authority.backups import Content
from certkit.authority.home import SETTINGS
from certkit.authority.new_home import check_free
from certkit.authority.session import Session
from certkit.cli.support import (
    actor,
    authority_passphrases,
    context,
    destination,
    home_access,
    input_files,
    questions,
)
from certkit.cli.support.authority_passphrases import Source
from certkit.cli.support.output import say, say_json, short, tell
from certkit.errors import InvalidError
from certkit.pki import diceware
from certkit.results import as_json as as_json_form


def source(file: Path | None, command: str | None) -> Source:
    """Return where the passphrase of a backup comes from; raise InvalidError if two places are named."""
    return authority_passphrases.source(file, command, "--passphrase-file")


def backup(file: Path, given: Source, home: Path | None, *, as_json: bool) -> None:
    """Write the whole home to one encrypted file."""
    destination.check_binary(file, as_json=as_json)
    made_up = "" if given.is_named else _make_up()
    secret = made_up or given.new()
    with home_access.changing(home) as session:
        content = backups.backup(session, secret)
        _tell_what_is_missing(session)
        found = backups.content_of(session)
    destination.write(file, content)
    with destination.words_beside(file):
        with _showing(made_up, file):
            if as_json:
                say_json(_as_data(file, found) | ({"passphrase": made_up} if made_up else {}))
                return
            say(f"Backup      {destination.named(file)}")
            if made_up:
                say(f"Passphrase  {made_up}", "            shown once: keep it apart from the file")
        say("", "To restore it elsewhere", f"  certkit restore {shlex.quote(file.name)}")


def verify(file: Path, given: Source, *, as_json: bool) -> None:
    """Say what is in a backup, if it is whole."""
    content = input_files.read(file, "backup", sizes.BACKUP)

    def attempt(secret: bytes) -> Content:
        with input_files.naming(file):
            return backups.verify(content, secret.decode(), actor.real(os.environ), context.now())

    is_input = files.is_standard_input(input_files.path_of(file))
    found = given.unlock("Passphrase of the backup", attempt, input_taken=is_input)
    if as_json:
        say_json(_as_data(file, found))
        return
    made = f", made {found.at:%Y-%m-%d %H:%M} UTC" if found.at else ""
    counts = ((found.people, "people"), (found.devices, "devices"), (found.daemons, "daemons"))
    say(f"{file} is a whole backup of the team {found.team}{made}")
    say(f"In it: {', '.join(f'{what} {count}' for count, what in counts)}. Nothing was restored.")


def _make_up() -> str:
    """Make up a passphrase, where somebody is there to keep it."""
    if not questions.is_attended():
        raise InvalidError(
            "a backup needs a passphrase, and there is no terminal to show a made-up one on",
            "Give one: --passphrase-file FILE, or --passphrase-command COMMAND.",
            code="no-terminal-to-show-on",
        )
    return diceware.generate()


def _showing(made_up: str, file: Path) -> AbstractContextManager[None]:
    """See to it that a passphrase that only this command knows is shown."""
    if not made_up:
        return nullcontext()
    return destination.showing_passphrase(file, "backup-passphrase-not-shown", backup=file)


def _as_data(file: Path, found: Content) -> dict[str, object]:
    return {"file": file, **as_json_form(found)}


def restore(file: Path, given: Source, home: Path | None) -> None:
    """Make a home from a backup, where there is none yet."""
    path = context.home_path(home)
    check_free(path)
    content = input_files.read(file, "backup", sizes.BACKUP)

    def attempt(secret: bytes) -> str:
        me, now = actor.real(os.environ), context.now()
        with input_files.naming(file):
            return backups.restore(content, secret.decode(), path, me, now, confirm=_confirm_command)

    is_input = files.is_standard_input(input_files.path_of(file))
    team = given.unlock("Passphrase of the backup", attempt, input_taken=is_input)
    say(f"Restored the team {team} to {short(path)}")
    if context.ledger_url():
        tell("CERTKIT_LEDGER names another ledger than the one in this home: unset it, or copy this one there.")
    for key in backup_content.keyless(path):
        say(f"A key is not in the backup, for it was kept apart: put it back as {short(key)}")
    _say_where_passphrase_is(path)
    say("What was issued or revoked after the backup is not in it: compare certkit log with what you know.")
    say("What daemons hold now is not known either: certkit status")


def _tell_what_is_missing(session: Session) -> None:
    for key in backup_content.keyless(session.path):
        tell(f"{short(key)} is kept apart from the home, so it is not in the backup either.")
    if secret := backup_content.passphrase_apart(session.path, session.settings):
        tell(f"The authorities' passphrase, in {short(secret)}, is not in the backup: keep a copy of it elsewhere.")
    elif command := session.settings.passphrase_command:
        tell(f"The authorities' passphrase is not in the backup, only the command that prints it: {command}")
    for path in backup_content.left_out(session.path):
        tell(f"{short(path)} is no file of certkit's, and is not in the backup.")


def _say_where_passphrase_is(home: Path) -> None:
    """Say what opens the authorities of a restored home, where that is not at hand."""
    secret = backup_content.passphrase_apart(home, settings.load(home / SETTINGS))
    if secret and not secret.exists():
        say(f"The authorities' passphrase is not in the backup: put it back as {short(secret)},")
        say(f"or name its new place in {short(home / SETTINGS)}, as passphrase_file.")


def _confirm_command(command: str) -> bool:
    """Show the command that the backup's settings would run for the passphrase, and ask whether it may stay."""
    tell("The settings in this backup run a command for the passphrase of the authorities:", f"  {command}")
    if questions.confirmed("Keep it? Say yes only if it is yours"):
        return True
    tell("It is taken out of team.yml. To put it back: certkit authority passphrase --passphrase-command COMMAND")
    return False
