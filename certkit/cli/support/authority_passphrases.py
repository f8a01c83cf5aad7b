"""The passphrase of the authorities' keys: the present one, a new one, and that of keys that are adopted."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from certkit import files
from certkit.authority import passphrase
from certkit.authority.home import KEY
from certkit.cli.support import new_passphrases, passphrases
from certkit.errors import InvalidError
from certkit.pki import keys

Opened = TypeVar("Opened")

_BY_SETTING = "Put it into a file's first line, and name that in team.yml: passphrase_file: FILE"


def ask_until_it_opens(home: Path) -> bytes:
    """Ask for the passphrase of the authorities of the home in a folder, until it opens their keys."""
    pem = files.read(home / "authorities" / "client" / KEY)

    def attempt(ask_for_it: Callable[[], str]) -> bytes:
        answer = ask_for_it().encode()
        keys.load(pem, answer)
        return answer

    try:
        return passphrases.unlock("Passphrase of the authorities", None, attempt, _BY_SETTING)
    except keys.WrongPassphraseError as error:
        raise keys.WrongPassphraseError(error.message, code="authority-passphrase-wrong") from None


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


@dataclass(frozen=True)
class Source:
    """Where the passphrase of what was made elsewhere comes from: a file, a command, or the terminal."""

    file: Path | None
    command: str | None
    option: str
    """The option that names the file."""

    @property
    def is_named(self) -> bool:
        """Whether anything was named, so that nobody is asked."""
        return bool(self.file or self.command)

    def new(self) -> str:
        """Return it as a new one, in UTF-8; raise RefusedError if it is too weak."""
        printed = new(self.file, self.command)
        with passphrases.in_utf8(self.file or "what the passphrase command printed"):
            return printed.decode()

    def unlock(self, question: str, attempt: Callable[[bytes], Opened], *, input_taken: bool = False) -> Opened:
        """Open something with the passphrase; raise WrongPassphraseError if `attempt` does, asked three times at most.

        On a terminal the `question` is asked, with `input_taken` not on standard input, which brings a file; where
        there is none, InvalidError is raised.
        """
        if self.command:
            with passphrases.in_utf8("what the passphrase command printed"):
                return attempt(passphrase.from_command(self.command))
        otherwise = f"Put it into a file's first line, and name that with {self.option} FILE."

        def attempt_asked(ask_for_it: Callable[[], str]) -> Opened:
            return attempt(ask_for_it().encode())

        return passphrases.unlock(question, self.file, attempt_asked, otherwise, input_taken=input_taken)


def source(file: Path | None, command: str | None, option: str) -> Source:
    """Return where a passphrase comes from; raise InvalidError if two places are named."""
    if file and command:
        raise InvalidError(
            "the passphrase is given in more than one way", "Keep one of the options.", code="passphrase-given-twice"
        )
    return Source(file, command, option)
