"""A stage of the probe: what was observed goes in, its findings come out.

A finding is one decorated function. It looks at the evidence and gives what it saw, or None. Its name is
the finding's id, and its docstring is what the user reads about what it means.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from certkit.probe.report import Check, skipped

Evidence = TypeVar("Evidence")


@dataclass(frozen=True)
class Found:
    """What a finding's function saw, and what to do about it."""

    seen: str
    remedy: str


class Stage(Generic[Evidence]):
    """The findings of one stage, in the order in which they are told."""

    def __init__(self, title: str, summary: Callable[[Evidence], str]) -> None:
        """Name the stage; `summary` says what was seen where there is no finding."""
        self.title = title
        self._summary = summary
        self.findings: list[Callable[[Evidence], Found | None]] = []

    def finding(self, function: Callable[[Evidence], Found | None]) -> Callable[[Evidence], Found | None]:
        """Make a function one of the stage's findings."""
        self.findings.append(function)
        return function

    def judge(self, evidence: Evidence, ms: float) -> list[Check]:
        """Give every finding about the evidence, or that there is none."""
        found = [check for function in self.findings if (check := self._ask(function, evidence, ms))]
        return found or [Check(self.title.lower(), self.title, "ok", self._summary(evidence), ms=ms)]

    def skip(self, reason: str) -> list[Check]:
        """Say that the stage was not reached."""
        return [skipped(self.title, reason)]

    def _ask(self, function: Callable[[Evidence], Found | None], evidence: Evidence, ms: float) -> Check | None:
        found = function(evidence)
        if found is None:
            return None
        name = getattr(function, "__name__", "").replace("_", "-")
        meaning = " ".join((inspect.getdoc(function) or "").split())
        return Check(name, self.title, "finding", found.seen, meaning, found.remedy, ms)
