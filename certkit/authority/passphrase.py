"""The passphrase of the authorities' keys: from a file, from a command, or from the person at the terminal."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from certkit import files
from certkit.authority.settings import Settings
from certkit.errors import CertkitError, RefusedError

_PATIENCE = 120
"""Seconds for the command: it may ask somebody."""
_SHORTEST = 12
"""Characters. Whoever has a copy of what is encrypted may try passphrases for as long as they like."""


class PassphraseError(CertkitError):
    """The passphrase is not where the settings say that it comes from."""

    code = "passphrase-source-failed"


def obtain(settings: Settings, ask: Callable[[], bytes]) -> bytes:
    """Return the passphrase from where the settings say, else ask; raises PassphraseError if it is not there."""
    if not (settings.passphrase_file or settings.passphrase_command):
        return ask()
    try:
        if settings.passphrase_file:
            return files.read_passphrase(Path(settings.passphrase_file))
        return from_command(settings.passphrase_command)
    except CertkitError as error:
        setting = "passphrase_file" if settings.passphrase_file else "passphrase_command"
        raise PassphraseError(f"{error.message} ({setting} in team.yml)", setting=setting) from None


def from_command(command: str) -> bytes:
    """Run a shell command that prints the passphrase, as the first line of its output."""
    try:
        done = subprocess.run(  # noqa: S602  a shell command is what the lead gave
            command, shell=True, stdout=subprocess.PIPE, timeout=_PATIENCE, check=True
        )
    except (subprocess.SubprocessError, OSError):
        raise CertkitError(
            f"the passphrase command failed: {command}",
            "Run it by hand to see why.",
            code="passphrase-command-failed",
        ) from None
    return files.passphrase_in(done.stdout[: files.PASSPHRASE_LIMIT], "what the passphrase command printed")


def check_new(passphrase: str) -> None:
    """Raise RefusedError for a passphrase that is too weak to protect anything new."""
    if len(passphrase) < _SHORTEST:
        raise RefusedError(
            f"the passphrase is shorter than {_SHORTEST} characters",
            "Choose several words.",
            code="passphrase-too-short",
        )
