"""What to do about a failure or a finding, as commands to paste: the only place that spells them.

A remedy is a template for a code. Its fields are those of the error or the finding, quoted for a shell; `{names:,}`
joins a list for people, unquoted.
"""

import shlex
import string
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from certkit.cli.support.output import plain
from certkit.cli.support.remedies import findings, host, laptop, machine, team
from certkit.errors import CertkitError

if TYPE_CHECKING:
    from certkit.probe import Check

ERRORS: Mapping[str, str] = {**laptop.REMEDIES, **host.REMEDIES, **team.REMEDIES, **findings.ERRORS}
"""By an error's code. Where there is none, the error's own hint says what to do."""


def of_error(error: CertkitError) -> str:
    """Return what to do about an error, one line; empty if there is nothing to say."""
    return _fill(ERRORS.get(error.code), error.fields, error.hint)


def of_finding(finding: "Check") -> str:
    """Return what to do about a finding, indented lines being commands; empty if it is none."""
    if finding.status != "finding":
        return ""
    template = ERRORS.get(str(finding.fields.get("code"))) or findings.REMEDIES.get(finding.id)
    if template and "paths" in finding.fields and "path" not in finding.fields:
        return "\n".join(_for_each_path(template, finding.fields))
    return _fill(template, finding.fields, plain(finding.fields.get("hint", "")))


def _for_each_path(template: str, fields: Mapping[str, object]) -> Iterator[str]:
    """Fill a template in with the lines about a `path` once for each of `paths`; `new` is a file beside it."""
    paths = fields["paths"]
    for line in template.split("\n"):
        if "{path}" not in line:
            yield _fill(line, fields, "")
            continue
        for path in paths if isinstance(paths, list) else [paths]:
            yield _fill(line, {**fields, "path": path, "new": f"{path}.new"}, "")


def _fill(template: str | None, fields: Mapping[str, object], otherwise: str) -> str:
    if not template:
        return otherwise
    here = machine.commands(shlex.quote(str(fields.get("host", ""))))
    return _Quoting().vformat(template, (), {**fields, **here})


class _Quoting(string.Formatter):
    """Fill templates in with every value on one line and quoted for a shell."""

    def format_field(self, value: object, format_spec: str) -> str:
        if format_spec == "raw":
            return plain(value)
        if format_spec == ",":
            values = value if isinstance(value, list | tuple) else [value]
            return ", ".join(map(str, values))
        return plain(shlex.quote(str(value)))
