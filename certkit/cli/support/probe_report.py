"""A probe's report on a terminal: one line a stage, then each finding with its meaning and its remedy."""

import shutil
import sys
from itertools import groupby
from typing import TYPE_CHECKING

from certkit.cli.support import remedies
from certkit.cli.support.output import plain, say_styled, wrap

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from certkit.cli.support.output import Part
    from certkit.probe import Check, Report

_MARKS = {"ok": ("✓", "green"), "finding": ("✗", "bold red"), "skipped": ("-", "dim")}
_WARNING = ("!", "bold yellow")
_PLAIN_MARKS = {"✓": "+", "✗": "x"}
_TITLE = 14
_MS = 7
_SEEN = 4 + _TITLE + _MS + 2
_LABEL = 11


def show(report: "Report", told: "Collection[Check]" = (), *, quiet: bool = False) -> None:
    """Print a report on stdout; `quiet` leaves out the stages, and says nothing where nothing was found.

    A finding among those that were `told` already, of another client, is only named.
    """
    width = min(shutil.get_terminal_size().columns, 100)
    if quiet:
        for finding in report.findings:
            say_styled(*_finding(finding, width))
        if not report.ok and not report.findings:
            say_styled([_verdict(report)])
        return
    stages = groupby(report.checks, key=lambda check: check.title)
    say_styled(*(_stage(list(checks), width) for _, checks in stages))
    known = {_told(finding) for finding in told}
    for finding in report.findings:
        said = [[f"{finding.id}: as above"]] if _told(finding) in known else _finding(finding, width)
        say_styled([""], *said)
    say_styled([_verdict(report)])


def as_data(report: "Report") -> "dict[str, Any]":
    """Return a report as JSON takes it, each check with its remedy."""
    data = report.as_data()
    for check, written in zip(report.checks, data["checks"], strict=True):
        written["remedy"] = remedies.of_finding(check)
    return data


def _stage(checks: "list[Check]", width: int) -> "list[Part]":
    mark, style = _WARNING if all(check.is_warning for check in checks) else _MARKS[checks[0].status]
    seen = "; ".join(plain(check.seen) for check in checks)
    took = f"{checks[0].ms:.0f} ms" if checks[0].ms is not None else ""
    lines = wrap(seen, width - _SEEN)
    return [
        "  ",
        (_encodable(mark), style),
        f" {checks[0].title:<{_TITLE}}",
        (f"{took:>{_MS}}  ", "dim"),
        ("\n" + " " * _SEEN).join(lines),
    ]


def _finding(finding: "Check", width: int) -> "Iterator[list[Part]]":
    yield [(f"{finding.id} (warning)" if finding.is_warning else finding.id, _style(finding))]
    seen = plain(finding.seen)  # one line, whatever a daemon has put into it
    for label, content in (("Seen", seen), ("Means", finding.meaning), ("Remedy", remedies.of_finding(finding))):
        lines = [line for part in content.split("\n") for line in _wrap_prose(part, width - _LABEL)]
        yield ["  ", (f"{label:<{_LABEL - 2}}", "bold"), ("\n" + " " * _LABEL).join(lines)]


def _told(finding: "Check") -> tuple[str, str, str, str]:
    """Return all that is told of a finding."""
    return finding.id, finding.seen, finding.meaning, remedies.of_finding(finding)


def _wrap_prose(part: str, width: int) -> list[str]:
    """Break prose into lines; a command, which is indented, stays whole so that it can be pasted."""
    return [plain(part)] if part.startswith(" ") else wrap(plain(part), width) or [""]


def _verdict(report: "Report") -> str:
    if report.ok and not report.warnings:
        return f"All is well at {plain(report.daemon)}."
    warned = f"{_counted(len(report.warnings), 'warning')}: {', '.join(check.id for check in report.warnings)}"
    if report.ok:
        return f"All is well at {plain(report.daemon)}, with {warned}"
    count = len(report.findings) - len(report.warnings)
    found = _counted(count, "finding") if count else "Not everything could be checked."
    return f"{found}, and {warned}" if report.warnings and count else found


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("s" if count > 1 else "")


def _style(finding: "Check") -> str:
    return _WARNING[1] if finding.is_warning else "bold red"


def _encodable(mark: str) -> str:
    """Return a mark that the terminal's character set has."""
    try:
        mark.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return _PLAIN_MARKS.get(mark, mark)
    return mark
