"""Change, set or take off the passphrase of the authorities' keys."""

from dataclasses import replace
from datetime import datetime

from certkit import files
from certkit.authority import journal, settings
from certkit.authority.home import KEY, ROLES, SETTINGS, Home
from certkit.pki import keys
from certkit.pki.signer import exportable_key


def change_passphrase(
    home: Home, passphrase: bytes | None, now: datetime, *, file: str = "", command: str = ""
) -> None:
    """Write every authority's key under another passphrase, or none; `file` or `command` will give it from now on."""
    wanted = replace(home.settings, passphrase_file=file, passphrase_command=command)
    with home.locked():
        contents = {
            str((home.authority_directory(role, generation) / KEY).relative_to(home.path)): keys.to_pem(
                exportable_key(home.authority(role, generation).signer), passphrase
            )
            for role in ROLES
            for generation in home.generations(role)
        }
        contents[SETTINGS] = settings.with_source(files.read(home.path / SETTINGS), wanted)
        journal.replace_together(home.path, home.ledger, contents)
        with home.ledger.transaction():
            home.record("authority passphrase", home.team, now, encrypted=passphrase is not None)
