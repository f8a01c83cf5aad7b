"""What to do about a failure or a finding, as commands to paste: the only place that spells them.

A remedy is a template for a code. Its fields are those of the error or the finding, quoted for a shell; `{names:,}`
joins a list for people, unquoted.
"""

import shlex
import string
from collections.abc import Mapping

from certkit.cli.support.remedies import laptop, team
from certkit.errors import CertkitError

ERRORS: Mapping[str, str] = {**laptop.REMEDIES, **team.REMEDIES}
"""By an error's code. Where there is none, the error's own hint says what to do."""


def of_error(error: CertkitError) -> str:
    """Return what to do about an error, one line; empty if there is nothing to say."""
    template = ERRORS.get(error.code)
    return _Quoting().vformat(template, (), error.fields) if template else error.hint


class _Quoting(string.Formatter):
    """Fill templates in with every value quoted for a shell."""

    def format_field(self, value: object, format_spec: str) -> str:
        if format_spec == ",":
            values = value if isinstance(value, list | tuple) else [value]
            return ", ".join(map(str, values))
        return shlex.quote(str(value))
