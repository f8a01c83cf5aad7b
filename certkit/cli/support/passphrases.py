"""Passphrases that open something: typed unseen, or from files; a wrong one may be typed again."""

import contextlib
import shlex
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from certkit import files
from certkit.cli.support import input_files, terminal
from certkit.cli.support.output import plain, tell
from certkit.errors import CertkitError, InvalidError, MalformedError
from certkit.pki.keys import WrongPassphraseError

Opened = TypeVar("Opened")

_BY_OPTION = "Put it into a file's first line, and name that with --passphrase-file FILE."
_ATTEMPTS = 3


def ask(question: str, otherwise: str = _BY_OPTION, *, input_taken: bool = False) -> str:
    """Ask for a secret on the terminal, unseen, until there is an answer.

    Raises InvalidError where there is no terminal to ask on, with how to give it `otherwise`; MalformedError if the
    terminal's encoding is not UTF-8.
    """
    if not terminal.is_there(input_taken=input_taken):
        raise InvalidError(f"{question}: there is no terminal to ask on", otherwise, code="no-terminal-to-ask-on")
    try:
        import getpass  # loads the terminal's settings, and few commands ask

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


@contextlib.contextmanager
def in_utf8(what: Path | str) -> Iterator[None]:
    """Turn what is decoded in the block, and is no UTF-8, into MalformedError."""
    try:
        yield
    except UnicodeDecodeError:
        raise MalformedError(f"{what} is not in UTF-8", "Save it as UTF-8.", code="passphrase-not-utf8") from None


def from_file(path: Path) -> str:
    """Read a secret, the first line of a file in UTF-8; say so if others can read it.

    Raises MalformedError for another encoding.
    """
    path = input_files.path_of(path)
    try:
        secret = files.read_passphrase(path).decode()
    except UnicodeDecodeError:
        secret = ""
    is_utf16 = any({*secret[start::2]} == {"\0"} for start in (0, 1))  # where no byte order mark tells
    if not secret or is_utf16:
        raise MalformedError(
            f"{path} is not in UTF-8", "Save the file as UTF-8.", code="passphrase-not-utf8", path=path
        )
    if "\0" in secret:
        raise MalformedError(
            f"{path} has a NUL byte in its first line",
            "Name a text: no keyboard types that.",
            code="passphrase-with-nul",
            path=path,
        )
    if _is_shown(path):
        tell(f"Others can read {path}: chmod 600 {shlex.quote(str(path))}")
    return secret


def unlock(
    question: str,
    file: Path | None,
    attempt: Callable[[Callable[[], str]], Opened],
    otherwise: str = _BY_OPTION,
    *,
    input_taken: bool = False,
) -> Opened:
    """Open what a passphrase protects; `attempt` gets a way to ask for it, and raises WrongPassphraseError.

    The passphrase is that of the file, else one that is typed, three times at most.
    """
    if file:
        return attempt(lambda: from_file(file))
    ask_them = partial(ask, question, otherwise, input_taken=input_taken)
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt(ask_them)
        except WrongPassphraseError as error:
            tell(f"{error.message}; try again.")
    return attempt(ask_them)


def _is_shown(path: Path) -> bool:
    """Tell whether a file's group, or everybody, can read it: the folders above it count too.

    A pipe has an end, and no readers but those that were given it: on macOS its mode says more than is true.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        return False
    folders = [folder.stat().st_mode for folder in path.resolve().parents]
    return any(mode & 4 * who and all(folder & who for folder in folders) for who in (0o010, 0o001))
