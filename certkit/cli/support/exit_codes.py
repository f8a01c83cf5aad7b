"""What a command's exit code says, and which one a kind of failure gets."""

from enum import StrEnum

from certkit.errors import CertkitError, InvalidError

FINE, FAILURE, USAGE, FINDINGS = 0, 1, 2, 3
INTERRUPTED = 130
"""What shells give to a program that Ctrl-C has ended."""


class FailOn(StrEnum):
    """How grave it must be to end with 3."""

    ERROR = "error"
    WARNING = "warning"


def of(error: CertkitError) -> int:
    """Return the exit code for an error: 2 for a request that makes no sense, 1 for everything else."""
    return USAGE if isinstance(error, InvalidError) else FAILURE
