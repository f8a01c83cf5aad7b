"""What `certkit log` does."""

from pathlib import Path

from certkit.authority.lookup import UnknownNameError
from certkit.cli.support import home_access
from certkit.cli.support.output import say_json, say_table, worded


def log(home: Path | None, subject: str | None, last: int | None, *, as_json: bool) -> None:
    """Show what was done, the newest `last` entries, to `subject` alone if there is one."""
    with home_access.reading(home) as view:
        events = view.ledger.events(subject=subject, limit=last)
        if subject and not events:
            known = sorted({event.subject for event in view.ledger.events()})
            raise UnknownNameError(f"there is nothing about {subject!r}", subject, known)
    if as_json:
        say_json({"events": events})
        return
    rows = [
        (
            f"{event.at:%Y-%m-%d %H:%M:%S}Z",
            f"{event.actor.name}@{event.actor.host}",
            event.action,
            event.subject,
            " ".join(f"{key}={worded(value)}" for key, value in event.detail.items() if worded(value)),
        )
        for event in events
    ]
    say_table(("when", "who", "did", "to", "with"), rows)
