"""What `certkit backup` and `certkit restore` do."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

from certkit import files
from certkit.authority import backup_content, backups
from certkit.authority.new_home import check_free
from certkit.cli.support import actor, context, home_access, input_files, new_passphrases, passphrases
from certkit.cli.support.output import say, short, showing_once, tell
from certkit.cli.support.questions import confirmed
from certkit.pki import diceware


def backup(file: Path, passphrase_file: Path | None, home: Path | None) -> None:
    """Write the whole home to one encrypted file."""
    context.check_new(file)
    secret = new_passphrases.from_file(passphrase_file) if passphrase_file else diceware.generate()
    with home_access.changing(home) as session:
        content = backups.backup(session, secret)
        _tell_what_is_missing(session.path)
    files.write(file, content, replace=False)
    say(f"Backup      {file}")
    if not passphrase_file:
        with showing_once(f"{file} is not kept: its passphrase", file, "backup-passphrase-not-shown", backup=file):
            say(f"Passphrase  {secret}     shown once: keep it apart from the file")
    say("", "To restore it elsewhere", f"  certkit restore {shlex.quote(file.name)}")


def restore(file: Path, passphrase_file: Path | None, home: Path | None) -> None:
    """Make a home from a backup, where there is none yet."""
    path = context.home_path(home)
    check_free(path)
    content = input_files.read(file, "backup", backups.LIMIT)

    def attempt(ask: Callable[[], str]) -> str:
        secret = ask()
        with input_files.naming(file):
            return backups.restore(
                content, secret, path, actor.real(os.environ), context.now(), confirm=_confirm_command
            )

    is_input = files.is_standard_input(input_files.path_of(file))
    team = passphrases.unlock("Passphrase of the backup", passphrase_file, attempt, input_taken=is_input)
    say(f"Restored the team {team} to {short(path)}")
    for key in backup_content.keyless(path):
        say(f"A key is not in the backup, for it was kept apart: put it back as {short(key)}")
    say("What was issued or revoked after the backup is not in it: compare certkit log with what you know.")
    say("What daemons hold now is not known either: certkit status")


def _tell_what_is_missing(home: Path) -> None:
    for key in backup_content.keyless(home):
        tell(f"{short(key)} is kept apart from the home, so it is not in the backup either.")
    for path in backup_content.left_out(home):
        tell(f"{short(path)} is no file of certkit's, and is not in the backup.")


def _confirm_command(command: str) -> bool:
    """Show the command that the backup's settings would run for the passphrase, and ask whether it may stay."""
    tell("The settings in this backup run a command for the passphrase of the authorities:", f"  {command}")
    if confirmed("Keep it? Say yes only if it is yours"):
        return True
    tell("It is taken out of team.yml. To put it back: certkit authority passphrase --passphrase-command COMMAND")
    return False
