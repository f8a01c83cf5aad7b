"""Change, set or take off the passphrase of the authorities' keys."""

from pathlib import Path

from certkit import files
from certkit.authority import settings
from certkit.authority.home import KEY, ROLES, SETTINGS
from certkit.authority.journal import replace_all
from certkit.authority.session import Session
from certkit.errors import RefusedError
from certkit.pki import keys


def change_passphrase(session: Session, passphrase: bytes | None, *, file: str = "", command: str = "") -> None:
    """Write every authority's key under another passphrase, or none; `file` or `command` provides it from now on."""
    wanted = session.settings._replace(passphrase_file=file, passphrase_command=command)
    with session.locked():
        for role in ROLES:
            for generation in session.generations(role):
                _check_in_home(session.authority_directory(role, generation) / KEY)
        contents = {
            str((session.authority_directory(role, generation) / KEY).relative_to(session.path)): keys.to_pem(
                session.key(role, generation), passphrase
            )
            for role in ROLES
            for generation in session.generations(role)
        }
        contents[SETTINGS] = settings.with_source(files.read(session.path / SETTINGS), wanted)
        replace_all(session.path, contents)
        with session.transaction():
            session.record("authority passphrase", session.team, encrypted=passphrase is not None)


def _check_in_home(key: Path) -> None:
    """Raise RefusedError for a key that a link leads to: its former self would stay there, and the new one here."""
    if key.is_symlink() or key.parent.is_symlink():
        raise RefusedError(
            f"{key} is kept elsewhere: {key.resolve()}",
            "Put the key itself there for as long as its passphrase is changed.",
            code="authority-key-elsewhere",
            path=key,
        )
