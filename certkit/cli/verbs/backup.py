"""`certkit backup` and `certkit restore`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import options

PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="The backup's passphrase: the first line of this file.")
]
PassphraseCommand = Annotated[
    str | None, typer.Option("--passphrase-command", help="The backup's passphrase: what this command prints.")
]


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The backup to write, never overwritten; - is standard output.")
    ],
    passphrase_file: PassphraseFile = None,
    passphrase_command: PassphraseCommand = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check a backup that is there already, as restore does; write nothing.")
    ] = False,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Back up the whole home to one encrypted file.

    \b
    certkit backup acme-2026-11-24.backup
    certkit backup /mnt/safe/acme.backup --passphrase-file /run/keys/backup
    certkit backup - --passphrase-command 'pass show certkit' | ssh safe 'cat > acme.backup'
    certkit backup --verify acme.backup

    On a terminal a passphrase is made up and shown once; elsewhere, as in a timer, give one. Keep it apart from the
    file: together they are the team's authorities. To verify a backup, no home is needed.
    Exit codes: 0 written, or whole; 1 failure, 2 usage.
    """
    source = actions.backup.source(passphrase_file, passphrase_command)
    if verify:
        actions.backup.verify(file, source, as_json=as_json)
    else:
        actions.backup.backup(file, source, home, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup; - reads standard input.")],
    passphrase_file: PassphraseFile = None,
    passphrase_command: PassphraseCommand = None,
    home: options.HomeOption = None,
) -> None:
    """Restore a home from a backup; never overwrites one.

    \b
    certkit restore acme-2026-11-24.backup
    certkit restore acme.backup --home /srv/certkit

    It is checked before anything is restored. What was issued or revoked after the backup is not in it.
    Exit codes: 0 restored, 1 failure, 2 usage.
    """
    actions.backup.restore(file, actions.backup.source(passphrase_file, passphrase_command), home)
