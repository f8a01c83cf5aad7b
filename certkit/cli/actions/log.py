"""What `certkit log` does."""

from collections.abc import Iterable
from pathlib import Path

from certkit.authority.lookup import UnknownNameError
from certkit.authority.view import View
from certkit.cli.support import home_access
from certkit.cli.support.output import say_json, say_table, worded
from certkit.ledger.interface import Event


def log(home: Path | None, subject: str | None, last: int | None, *, as_json: bool) -> None:
    """Show what was done, the newest `last` entries, to `subject` alone if there is one."""
    with home_access.reading(home) as view:
        if subject and not view.ledger.events(subject=subject, limit=1):
            raise UnknownNameError(f"there is nothing about {subject!r}", subject, view.ledger.subjects())
        events = _events(view, subject, last)
        if as_json:
            say_json({"events": list(events)})
        else:
            say_table(("when", "who", "did", "to", "with"), map(_row, events))


def _events(view: View, subject: str | None, last: int | None) -> Iterable[Event]:
    if last is None:
        return view.ledger.each_event(subject=subject)
    return view.ledger.events(subject=subject, limit=last)


def _row(event: Event) -> tuple[object, ...]:
    return (
        f"{event.at:%Y-%m-%d %H:%M:%S}Z",
        f"{event.actor.name}@{event.actor.host}",
        event.action,
        event.subject,
        " ".join(f"{key}={worded(value)}" for key, value in event.detail.items() if worded(value)),
    )
