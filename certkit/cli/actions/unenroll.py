"""What `certkit unenroll` does and says."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from certkit.cli.support.output import say, short, tell
from certkit.earthly.edit import KEYS
from certkit.earthly.user import user_of
from certkit.enroll import renewal_places, request, unenrollment
from certkit.enroll.unenrollment import Undoing, Unenrollment
from certkit.errors import MissingError


def unenroll(clients: Sequence[str], team: str | None, config: Path | None, *, dry_run: bool) -> None:
    """Undo the enrollment in a team, or say what would be undone."""
    try:
        planned = unenrollment.plan(os.environ, clients, team=team, config=config)
    except MissingError as error:
        is_all_meant = not (clients or team or config)
        if error.code == "not-enrolled-at-all" and is_all_meant and _withdraw(dry_run=dry_run):
            return
        raise
    if dry_run:
        say(f"Would leave {planned.team}; nothing is done", *_lines(planned, "edit   ", "remove "))
        _say_what_is_left(planned)
        return
    renewed = renewal_places.teams(planned.user)
    planned.apply()
    if renewed and not renewal_places.teams(planned.user):
        from certkit.enroll import timers  # programs are run for it, and few enrollments have one

        timers.stop(planned.user, os.environ)
    say(_left(planned), *_lines(planned, "edited ", "removed"))
    _say_what_is_left(planned)


def _withdraw(*, dry_run: bool) -> bool:
    """Remove the keys that wait for an answer, where nobody is enrolled; tell whether there are any."""
    user = user_of(os.environ)
    keys = request.waiting(user)
    if keys and dry_run:
        say("Would withdraw what was asked for and has no answer; nothing is done", *_named("remove ", keys))
    elif keys:
        request.withdraw(user, keys)
        say("Withdrawn what was asked for and had no answer", *_named("removed", keys))
    return bool(keys)


def _named(done: str, keys: Sequence[Path]) -> Iterator[str]:
    return (f"  {done}  {short(path)}" for path in keys)


def _say_what_is_left(planned: Unenrollment) -> None:
    """Say what must be taken out by hand, of a configuration that could not be edited."""
    for undoing in planned.undoings:
        if undoing.obstacle:
            tell("", undoing.obstacle.message, f"Take these out of {short(undoing.config.path)} by hand:")
            tell(*(f"  {line}" for line in undoing.to_take_out))


def _left(planned: Unenrollment) -> str:
    users = [short(path) for undoing in planned.undoings for path in undoing.users]
    if users:
        return f"Left {planned.team} with these files; still enrolled with {' and '.join(users)}"
    if not planned.remaining:
        return f"Left {planned.team}"
    left, remaining = " and ".join(planned.names), " and ".join(planned.remaining)
    return f"Left {planned.team} for {left}; still enrolled for {remaining}"


def _lines(planned: Unenrollment, edited: str, removed: str) -> Iterator[str]:
    for undoing in planned.undoings:
        yield from _edit(undoing, edited, removed)
        if not undoing.keeps_folder and not undoing.is_abandoned:
            yield f"  {removed}  {short(undoing.folder)}/"
        for path in undoing.users:
            undo = f"certkit unenroll --config {short(path)}"
            yield f"  kept     {short(undoing.folder)}/   {short(path)} uses it: {undo}"
        for copy in undoing.kept:
            yield f"  kept     {short(copy)}   the former file"
    for folder in planned.folders:
        yield f"  {removed}  {short(folder)}/"
    for folder in sorted({path.parent for path in request.waiting(planned.user)}):
        yield f"  kept     {short(folder)}/"
        yield "           Keys wait there for answers; in no team any more: certkit unenroll"


def _edit(undoing: Undoing, edited: str, removed: str) -> Iterator[str]:
    path, keys = short(undoing.config.path), f"           {', '.join(KEYS)}"
    if undoing.obstacle:
        yield f"  kept     {path}   it cannot be edited"
    elif not undoing.edits:
        yield f"  kept     {path}   it no longer named the team's files"
    elif undoing.restored is None:
        why = "nothing else was in it" if undoing.is_abandoned else "it was not there before"
        yield f"  {removed}  {path}   {why}"
    elif undoing.is_abandoned and not (undoing.backups or undoing.kept):
        yield from (f"  {edited}  {path}", keys, "           taken out: what they were is not known")
    else:
        yield from (f"  {edited}  {path}", f"{keys} as before")
