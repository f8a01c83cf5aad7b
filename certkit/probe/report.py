"""What a probe found, as data: only the command line words it for a screen."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "finding", "skipped"]


@dataclass(frozen=True)
class Check:
    """One line of a report: a stage that went well, one finding of a stage, or a stage that was not reached."""

    id: str
    """The finding's own name (`certificate-refused`), else the stage's (`tls`)."""
    title: str
    """The stage, in a word."""
    status: Status
    seen: str
    """What was observed: may hold text of the daemon's, so it is not fit for a terminal as it is."""
    meaning: str = ""
    """What it means to the user; empty unless it is a finding."""
    remedy: str = ""
    """What to do about it; indented lines are commands."""
    ms: float | None = None
    """Milliseconds that the stage took; None if it was not reached."""


def skipped(title: str, reason: str) -> Check:
    """Say that a stage was not reached."""
    return Check(title.lower(), title, "skipped", reason)


@dataclass(frozen=True)
class Report:
    """All checks of one probe, in the order of the stages."""

    daemon: str
    """The daemon's URL, empty if none is configured."""
    origin: str
    """Where that URL comes from."""
    checks: tuple[Check, ...]

    @property
    def findings(self) -> tuple[Check, ...]:
        """The checks that found something wrong."""
        return tuple(check for check in self.checks if check.status == "finding")

    @property
    def ok(self) -> bool:
        """Whether every stage was reached and nothing was found: a probe that checked nothing is not well."""
        return bool(self.checks) and all(check.status == "ok" for check in self.checks)

    def as_data(self) -> dict[str, Any]:
        """Give the report as JSON takes it."""
        return {"ok": self.ok, "daemon": self.daemon, "checks": list(self._checks())}

    def _checks(self) -> Iterator[dict[str, Any]]:
        for check in self.checks:
            yield asdict(check) | {"ms": None if check.ms is None else round(check.ms, 1)}
