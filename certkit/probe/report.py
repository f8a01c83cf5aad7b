"""What a probe found and observed, as data: only the command line words it for a screen."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from certkit.probe.observed import CLIENT, Exchange, ObservedAddress
from certkit.results import as_json

Status = Literal["ok", "finding", "skipped"]
Severity = Literal["error", "warning"]
"""An error stops builds or lets strangers in; with a warning builds go on, and it should be seen to."""


class Check(NamedTuple):
    """One line of a report: a stage that went well, one finding of a stage, or a stage that was not reached."""

    id: str
    """The finding's own name (`certificate-refused`), else the stage's (`tls`)."""
    title: str
    """The stage, in a word."""
    status: Status
    seen: str
    """What was observed, one line: may hold text of the daemon's, so it is not fit for a terminal as it is."""
    meaning: str = ""
    """What it means to the user; empty unless it is a finding."""
    ms: float | None = None
    """Milliseconds that the stage took; None if it was not reached."""
    severity: Severity | None = None
    """How grave a finding is; None unless it is one."""
    fields: Mapping[str, object] = MappingProxyType({})
    """What a remedy for the finding needs to name: files, hosts, URLs."""

    @property
    def is_warning(self) -> bool:
        """Whether it is a finding with which builds go on."""
        return self.status == "finding" and self.severity == "warning"


def skipped(title: str, reason: str) -> Check:
    """Say that a stage was not reached."""
    return Check(title.lower(), title, "skipped", one_line(reason))


def one_line(text: str) -> str:
    """Escape what would break a line or steer a terminal: a daemon can put anything into what was seen."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class Report(NamedTuple):
    """All checks of one probe, in the order of the stages, and what they were judged by."""

    daemon: str
    """The daemon's URL, empty if none is configured."""
    origin: str
    """Where that URL comes from."""
    checks: tuple[Check, ...]
    addresses: tuple[ObservedAddress, ...] = ()
    """Every address of the daemon's name, and what came of each caller there."""
    unresolved: str = ""
    """Why the daemon's name has no address."""
    addresses_left_out: int = 0
    """How many more addresses the name has than were looked at."""

    @property
    def findings(self) -> tuple[Check, ...]:
        """The checks that found something wrong."""
        return tuple(check for check in self.checks if check.status == "finding")

    @property
    def warnings(self) -> tuple[Check, ...]:
        """The findings with which builds go on."""
        return tuple(check for check in self.findings if check.is_warning)

    @property
    def of_client(self) -> tuple[Exchange, ...]:
        """What came of the target's own certificate, at every address where it was tried."""
        return tuple(each.exchanges[CLIENT] for each in self.addresses if CLIENT in each.exchanges)

    @property
    def ok(self) -> bool:
        """Whether builds go on: every stage was reached, and nothing was found but warnings."""
        return bool(self.checks) and all(check.status == "ok" or check.is_warning for check in self.checks)

    def as_data(self) -> dict[str, Any]:
        """Return the report as JSON takes it, times in RFC 3339."""
        return {"ok": self.ok, "daemon": self.daemon, "checks": list(self._checks())}

    def _checks(self) -> Iterator[dict[str, Any]]:
        for check in self.checks:
            yield {
                "id": check.id,
                "title": check.title,
                "status": check.status,
                "severity": check.severity,
                "seen": check.seen,
                "meaning": check.meaning,
                "fields": as_json(check.fields),
                "ms": None if check.ms is None else round(check.ms, 1),
            }
