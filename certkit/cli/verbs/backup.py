"""`certkit backup` and `certkit restore`."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from certkit.cli.support import context, input_files, passphrases
from certkit.cli.support.output import say, short, showing_once, tell
from certkit.cli.support.questions import confirmed


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write; never overwritten.")],
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="Encrypt it under the first line of this file.")
    ] = None,
    home: context.HomeOption = None,
) -> None:
    """Write the whole home to one file, under a passphrase.

    \b
    certkit backup acme-2026-11-24.backup
    certkit backup /mnt/safe/acme.backup --passphrase-file /run/keys/backup

    The passphrase is shown once. Keep it apart from the file: together they are the team's authorities.
    Exit codes: 0 written, 1 failure, 2 usage.
    """
    from certkit import files
    from certkit.authority import backups
    from certkit.pki import diceware

    context.check_new(file)
    secret = passphrases.from_file(passphrase_file, new=True) if passphrase_file else diceware.generate()
    with context.changing(home) as session:
        content = backups.backup(session, secret)
    files.write(file, content, replace=False)
    say(f"Backup      {file}")
    if not passphrase_file:
        with showing_once(f"{file} is written, but its passphrase", "backup-passphrase-not-shown", file=file):
            say(f"Passphrase  {secret}     shown once: keep it apart from the file")
    say("", "To restore it elsewhere", f"  certkit restore {shlex.quote(file.name)}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")],
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="The passphrase is the first line of this file.")
    ] = None,
    home: context.HomeOption = None,
) -> None:
    """Make a home from a backup; one that is there is not touched.

    \b
    certkit restore acme-2026-11-24.backup
    certkit restore acme.backup --home /srv/certkit

    All of it is checked before. What was issued or revoked after the backup is not in it.
    Exit codes: 0 restored, 1 failure, 2 usage.
    """
    from certkit.authority import backups
    from certkit.authority.new_home import check_free

    path = context.home_path(home)
    check_free(path)
    content = input_files.read(file, "backup", backups.LIMIT)

    def attempt(ask: Callable[[], str]) -> str:
        secret = ask()
        with context.naming(file):
            return backups.restore(content, secret, path, context.actor(), context.now(), confirm=_confirm_command)

    team = passphrases.unlock("Passphrase of the backup", passphrase_file, attempt)
    say(f"Restored the team {team} to {short(path)}")
    say("What was issued or revoked after the backup is not in it: compare certkit log with what you know.")
    say("What daemons hold now is not known either: certkit status")


def _confirm_command(command: str) -> bool:
    """Show the command that the backup's settings would run for the passphrase, and ask whether it may stay."""
    tell("The settings in this backup run a command for the passphrase of the authorities:", f"  {command}")
    if confirmed("Keep it? Say yes only if it is yours"):
        return True
    tell("It is taken out of team.yml. To put it back: certkit authority passphrase --passphrase-command COMMAND")
    return False
