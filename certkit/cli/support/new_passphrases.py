"""Passphrases that are to protect something new: strong enough, and typed twice."""

from pathlib import Path

from certkit.authority import passphrase
from certkit.cli.support import passphrases
from certkit.cli.support.output import tell
from certkit.errors import RefusedError


def ask(question: str) -> str:
    """Ask for a new secret on the terminal, twice, until it is good enough."""
    while True:
        answer = passphrases.ask(question)
        try:
            passphrase.check_new(answer)
        except RefusedError as error:
            tell(f"{error.message.capitalize()}; try again. {error.hint}")
            continue
        if passphrases.ask("Repeat it") == answer:
            return answer
        tell("The two do not match; try again.")


def from_file(path: Path) -> str:
    """Read a new secret, the first line of a file in UTF-8.

    Raises MalformedError for another encoding, RefusedError for a secret that is too weak.
    """
    secret = passphrases.from_file(path)
    passphrase.check_new(secret)
    return secret
