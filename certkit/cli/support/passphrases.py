"""Passphrases: typed unseen, or from files; a new one is judged, a wrong one may be typed again."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from certkit.cli.support import input_files
from certkit.cli.support.output import plain, tell
from certkit.errors import CertkitError, InvalidError, MalformedError, RefusedError

Opened = TypeVar("Opened")

_BY_OPTION = "Put it into a file's first line, and name that with --passphrase-file FILE."
_BY_SETTING = "Put it into a file's first line, and name that in team.yml: passphrase_file: FILE"
_ATTEMPTS = 3


def ask(question: str, otherwise: str = _BY_OPTION) -> str:
    """Ask for a secret on the terminal, unseen, until there is an answer.

    Raises InvalidError where there is no terminal to ask on, with how to give it `otherwise`; MalformedError if the
    terminal's encoding is not UTF-8.
    """
    import getpass

    if not os.isatty(0):
        raise InvalidError(f"{question}: there is no terminal to ask on", otherwise, code="no-terminal-to-ask-on")
    try:
        while not (answer := getpass.getpass(f"{plain(question)}: ")):
            tell("Nothing was typed; try again.")
        answer.encode()  # without a terminal of its own, getpass keeps what it cannot decode
    except EOFError:
        tell("")  # the terminal stands behind the question
        raise CertkitError("nothing was typed", otherwise, code="passphrase-not-typed") from None
    except UnicodeError:  # as from a terminal that is set to another encoding than the locale
        raise MalformedError(
            "what was typed is not UTF-8", "Set the terminal to UTF-8, or use a file.", code="passphrase-not-utf8"
        ) from None
    return answer


def ask_new(question: str) -> str:
    """Ask for a secret that is to protect something new, twice, until it is good enough."""
    from certkit.authority.passphrase import check_new

    while True:
        answer = ask(question)
        try:
            check_new(answer)
        except RefusedError as error:
            tell(f"{error.message.capitalize()}; try again. {error.hint}")
            continue
        if ask("Repeat it") == answer:
            return answer
        tell("The two do not match; try again.")


def from_file(path: Path, *, new: bool = False) -> str:
    """Read a secret, the first line of a file in UTF-8; say so if others can read it.

    Raises MalformedError for another encoding, RefusedError for a `new` one that is too weak.
    """
    from certkit.authority import passphrase

    path = input_files.path_of(path)
    try:
        # An editor's byte order mark is not a part of the passphrase.
        secret = passphrase.from_file(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        secret = ""
    if not secret or "\0" in secret:  # as UTF-16 has them
        raise MalformedError(
            f"{path} is not in UTF-8", "Save the file as UTF-8.", code="passphrase-not-utf8", path=path
        )
    if _is_shown(path):
        tell(f"Others can read {path}: chmod 600 {shlex.quote(str(path))}")
    if new:
        passphrase.check_new(secret)
    return secret


def unlock(
    question: str,
    file: Path | None,
    attempt: Callable[[Callable[[], str]], Opened],
    otherwise: str = _BY_OPTION,
) -> Opened:
    """Open what a passphrase protects; `attempt` gets a way to ask for it, and raises WrongPassphraseError.

    The passphrase is that of the file, else one that is typed, three times at most.
    """
    from certkit.pki.keys import WrongPassphraseError

    if file:
        return attempt(lambda: from_file(file))
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt(lambda: ask(question, otherwise))
        except WrongPassphraseError as error:
            tell(f"{error.message}; try again.")
    return attempt(lambda: ask(question, otherwise))


@dataclass(frozen=True)
class Source:
    """Where the passphrase of what was made elsewhere comes from: a file, a command, or the terminal."""

    file: Path | None
    command: str | None
    option: str
    """The option that names the file."""

    def unlock(self, question: str, attempt: Callable[[bytes], Opened]) -> Opened:
        """Open something with the passphrase; raise WrongPassphraseError if `attempt` does, asked three times at most.

        On a terminal the `question` is asked; where there is none, InvalidError is raised.
        """
        from certkit.authority import passphrase

        if self.command:
            return attempt(passphrase.from_command(self.command))
        otherwise = f"Put it into a file's first line, and name that with {self.option} FILE."
        return unlock(question, self.file, lambda ask_for_it: attempt(ask_for_it().encode()), otherwise)


def source(file: Path | None, command: str | None, option: str) -> Source:
    """Return where a passphrase comes from; raise InvalidError if two places are named."""
    if file and command:
        raise InvalidError(
            "the passphrase is given in more than one way", "Keep one of the options.", code="passphrase-given-twice"
        )
    return Source(file, command, option)


def _is_shown(path: Path) -> bool:
    """Tell whether a file's group, or everybody, can read it: the folders above it count too."""
    mode, folders = path.stat().st_mode, [folder.stat().st_mode for folder in path.resolve().parents]
    return any(mode & 4 * who and all(folder & who for folder in folders) for who in (0o010, 0o001))


def of_authorities(home: Path) -> bytes:
    """Ask for the passphrase of the authorities of the home in a folder, until it opens their keys."""
    from certkit import files
    from certkit.authority.home import KEY
    from certkit.pki import keys

    pem = files.read(home / "authorities" / "client" / KEY)

    def attempt(ask_for_it: Callable[[], str]) -> bytes:
        answer = ask_for_it().encode()
        keys.load(pem, answer)
        return answer

    return unlock("Passphrase of the authorities", None, attempt, _BY_SETTING)


def new_of_authorities(file: Path | None, command: str | None) -> bytes:
    """Get a new passphrase for the authorities: from a file, from a command, or typed."""
    from certkit.authority import passphrase

    if file:
        return from_file(file, new=True).encode(errors="surrogateescape")
    if command:
        printed = passphrase.from_command(command)
        passphrase.check_new(printed.decode(errors="surrogateescape"))
        return printed
    return ask_new("New passphrase for the authorities").encode()
