"""`certkit backup` and `certkit restore`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import options


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write; never overwritten.")],
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="Encrypt it with the passphrase in this file's first line.")
    ] = None,
    home: options.HomeOption = None,
) -> None:
    """Back up the whole home to one encrypted file.

    \b
    certkit backup acme-2026-11-24.backup
    certkit backup /mnt/safe/acme.backup --passphrase-file /run/keys/backup

    The passphrase is shown once. Keep it apart from the file: together they are the team's authorities.
    Exit codes: 0 written, 1 failure, 2 usage.
    """
    actions.backup.backup(file, passphrase_file, home)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")],
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="Read the passphrase from this file's first line.")
    ] = None,
    home: options.HomeOption = None,
) -> None:
    """Restore a home from a backup; never overwrites one.

    \b
    certkit restore acme-2026-11-24.backup
    certkit restore acme.backup --home /srv/certkit

    It is checked before anything is restored. What was issued or revoked after the backup is not in it.
    Exit codes: 0 restored, 1 failure, 2 usage.
    """
    actions.backup.restore(file, passphrase_file, home)
