"""What can go wrong, as data: a class for the kind of failure, a stable code for the failure, and its fields.

Whoever talks to people or to programs maps kinds to exit codes or HTTP statuses, and codes to what to do about it.
Nothing here, and nothing that raises these, knows a command line.
"""

import copy
from typing import Self


class CertkitError(Exception):
    """Something failed: `message` says what in one line, `hint` what to do about it where no command is needed.

    `code` names the failure for programs and never changes; `fields` are the values that the message is about.
    """

    code = "failed"

    def __init__(self, message: str, hint: str = "", *, code: str = "", **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or type(self).code
        self.fields = fields

    def about(self, subject: object) -> Self:
        """Return the same error with the file, or whatever it is about, named in front of its message."""
        named = copy.copy(self)
        named.message = f"{subject}: {self.message}"
        named.args = (named.message,)
        return named


class InvalidError(CertkitError):
    """What was asked for makes no sense."""

    code = "invalid"


class MissingError(CertkitError):
    """Something that was named is not there."""

    code = "missing"


class MalformedError(CertkitError):
    """A file or a message is not what it should be."""

    code = "malformed"


class RefusedError(CertkitError):
    """It could be done, and must not be: a key would be lost, or somebody would get in who should not."""

    code = "refused"
