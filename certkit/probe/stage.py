"""A stage of the probe: what was observed goes in, its findings come out.

A finding is one decorated function. It looks at the evidence and returns what it saw, or None. Its name is the
finding's id; what it means to the user, and how grave it is, are the decorator's arguments.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from certkit.probe.report import Check, Severity, one_line, skipped

Evidence = TypeVar("Evidence")


class Found:
    """What a finding's function saw, and the fields that a remedy needs."""

    def __init__(self, seen: str, **fields: object) -> None:
        self.seen = seen
        self.fields = fields


class Finding(NamedTuple, Generic[Evidence]):
    """Something that may be wrong, and how to see whether it is."""

    id: str
    meaning: str
    """What the user reads about what it means."""
    severity: Severity
    look: Callable[[Evidence], Found | Sequence[Found] | None]
    """Returns what it saw, or each thing of several that are told apart."""


def finding(
    meaning: str, *, severity: Severity = "error"
) -> Callable[[Callable[[Evidence], Found | Sequence[Found] | None]], Finding[Evidence]]:
    """Make a function a finding, to be listed by its stage."""

    def decorate(function: Callable[[Evidence], Found | Sequence[Found] | None]) -> Finding[Evidence]:
        return Finding(getattr(function, "__name__", "").replace("_", "-"), meaning, severity, function)

    return decorate


class Stage(NamedTuple, Generic[Evidence]):
    """The findings of one stage, in the order in which they are told."""

    title: str
    about: str
    """What the stage looks at, for the documents."""
    summary: Callable[[Evidence], str]
    """Says what was seen where there is no finding."""
    findings: Sequence[Finding[Evidence]]

    def judge(self, evidence: Evidence, ms: float) -> list[Check]:
        """Return every finding about the evidence, or the one check that says that there is none."""
        return self.found(evidence, ms) or [
            Check(self.title.lower(), self.title, "ok", one_line(self.summary(evidence)), ms=ms)
        ]

    def found(self, evidence: Evidence, ms: float, *, where: str = "") -> list[Check]:
        """Return every finding about the evidence; `where` is put before what was seen."""
        seen = [(each, found) for each in self.findings for found in _each(each.look(evidence))]
        return [
            Check(
                id=each.id,
                title=self.title,
                status="finding",
                seen=one_line(where + found.seen),
                meaning=each.meaning,
                ms=ms,
                severity=each.severity,
                fields=found.fields,
            )
            for each, found in seen
        ]

    def skip(self, reason: str) -> list[Check]:
        """Say that the stage was not reached."""
        return [skipped(self.title, reason)]


def _each(found: Found | Sequence[Found] | None) -> Sequence[Found]:
    if found is None:
        return ()
    return (found,) if isinstance(found, Found) else found
