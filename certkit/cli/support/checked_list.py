"""A list of people from a file: each bad line is named, and nothing is done before all are good."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.authority import batches
from certkit.authority.batches import Wanted
from certkit.authority.session import Session
from certkit.cli.support import input_files, people_list
from certkit.cli.support.namesakes import Done
from certkit.cli.support.output import tell
from certkit.cli.support.people_list import BadLine, Line
from certkit.errors import MalformedError


@dataclass(frozen=True)
class Listed:
    """What a file says, and which of its lines cannot be taken."""

    path: Path
    lines: Sequence[Line]
    bad: Sequence[BadLine]


def read(named: Path, columns: Sequence[str] = people_list.OF_BUNDLES, *, untitled: bool = False) -> Listed:
    """Read a file, or standard input; raises as `people_list.parse` does."""
    content, path = input_files.read(named, "list of people", files.READ_LIMIT), input_files.path_of(named)
    with input_files.naming(path):
        return Listed(path, *people_list.parse(content, columns, untitled=untitled))


def wanted(session: Session, listed: Listed, done: Done) -> list[Wanted]:
    """Return what is wanted; name every bad line and raise MalformedError, that nothing was `done`, if there is any."""
    found = [Wanted(line.person, line.device) for line in listed.lines]
    refused = batches.obstacles(session, found)
    bad = [(each.number, each.problem) for each in listed.bad]
    bad += [(listed.lines[place].number, error.message) for place, error in refused.items()]
    if not bad:
        return found
    path = listed.path
    tell(*(f"{path}, line {number}: {problem}" for number, problem in sorted(bad)))
    what = "1 line is wrong" if len(bad) == 1 else f"{len(bad)} lines are wrong"
    raise MalformedError(
        f"{path}: {what}, and nothing was {done}", "Correct the file, and run it again.", code="people-wrong", path=path
    )
