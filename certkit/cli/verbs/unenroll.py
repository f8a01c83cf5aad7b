"""`certkit unenroll`."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from certkit.cli.support import completions, context
from certkit.cli.support.output import say, short

if TYPE_CHECKING:
    from certkit.enroll.leaving import Leaving
    from certkit.enroll.undo import Undoing


def unenroll(
    team: Annotated[str | None, typer.Option("--team", help="The team to leave, where there are several.")] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            help="earthly, earthbuild, buildctl or buildx; repeatable. Else all that are enrolled.",
            autocompletion=completions.clients,
        ),
    ] = None,
    config: context.ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be undone, and do nothing.")] = False,
) -> None:
    """Undo enroll: former settings back, certificates and key gone.

    \b
    certkit unenroll --dry-run
    certkit unenroll
    certkit unenroll --team acme --for earthly

    The configuration gets its very bytes back if nobody has edited it since; otherwise the five settings become what
    they were, and everything else stays. The key goes last, once nothing names it, and does not come back.
    Exit codes: 0 undone, 1 failure or not enrolled, 2 usage.
    """
    from certkit.enroll import leaving

    planned = leaving.plan(os.environ, names or [], team=team, config=config)
    if dry_run:
        say(f"Would leave {planned.team}; nothing is done", *_lines(planned, "edit   ", "remove "))
        return
    planned.apply()
    say(_left(planned), *_lines(planned, "edited ", "removed"))


def _left(planned: "Leaving") -> str:
    if not planned.remaining:
        return f"Left {planned.team}"
    left, remaining = " and ".join(planned.names), " and ".join(planned.remaining)
    return f"Left {planned.team} for {left}; still enrolled for {remaining}"


def _lines(planned: "Leaving", edited: str, removed: str) -> Iterator[str]:
    for undoing in planned.undoings:
        yield _edit(undoing, edited, removed)
        if not undoing.keeps_folder and not undoing.is_abandoned:
            yield f"  {removed}  {short(undoing.folder)}/"
        for copy in undoing.kept:
            yield f"  kept     {short(copy)}   the former file"
    for folder in planned.folders:
        yield f"  {removed}  {short(folder)}/"


def _edit(undoing: "Undoing", edited: str, removed: str) -> str:
    from certkit.earthly.edit import KEYS

    path = short(undoing.config.path)
    if not undoing.edits:
        return f"  kept     {path}   it no longer named the team's files"
    if undoing.restored is None:
        why = "nothing else was in it" if undoing.is_abandoned else "it was not there before"
        return f"  {removed}  {path}   {why}"
    if undoing.is_abandoned and not (undoing.backups or undoing.kept):
        return f"  {edited}  {path}   {', '.join(KEYS)} taken out: what they were is not known"
    return f"  {edited}  {path}   {', '.join(KEYS)} as before"
