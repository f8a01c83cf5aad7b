"""What can go wrong, as a part of the interface: every error says what happened and what to do."""


class CertkitError(Exception):
    """Something failed; `message` says what in one line, `remedy` what to do about it in one line."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(CertkitError):
    """What was asked for cannot be meant."""

    exit_code = 2


class Missing(CertkitError):
    """Something that was named is not there."""


class Malformed(CertkitError):
    """A file or a message is not what it should be."""


class Refused(CertkitError):
    """It could be done, and must not be: a key would be lost, or somebody would get in who should not."""
