"""The passphrase of the authorities' keys: the present one, and a new one."""

from collections.abc import Callable
from pathlib import Path

from certkit import files
from certkit.authority import passphrase
from certkit.authority.home import KEY
from certkit.cli.support import new_passphrases, passphrases
from certkit.pki import keys

_BY_SETTING = "Put it into a file's first line, and name that in team.yml: passphrase_file: FILE"


def ask_until_it_opens(home: Path) -> bytes:
    """Ask for the passphrase of the authorities of the home in a folder, until it opens their keys."""
    pem = files.read(home / "authorities" / "client" / KEY)

    def attempt(ask_for_it: Callable[[], str]) -> bytes:
        answer = ask_for_it().encode()
        keys.load(pem, answer)
        return answer

    return passphrases.unlock("Passphrase of the authorities", None, attempt, _BY_SETTING)


def new(file: Path | None, command: str | None) -> bytes:
    """Get a new passphrase for the authorities: from a file, from a command, or typed.

    Raises RefusedError for one that is too weak.
    """
    if file:
        return new_passphrases.from_file(file).encode(errors="surrogateescape")
    if command:
        printed = passphrase.from_command(command)
        passphrase.check_new(printed.decode(errors="surrogateescape"))
        return printed
    return new_passphrases.ask("New passphrase for the authorities").encode()
