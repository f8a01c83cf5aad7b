"""Everything that an enrollment has set up on this machine, to be undone: for which clients, and of which team."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from certkit import files
from certkit.earthly.clients import Client
from certkit.enroll import abandoned, flag_clients, record, selection, undo
from certkit.errors import InvalidError, MissingError


@dataclass(frozen=True)
class Leaving:
    """A team, and what it comes to here to leave it.

    `undoings` are those for Earthly and EarthBuild; `folders` are the other clients', which share them. `remaining` are
    the clients that stay enrolled.
    """

    team: str
    undoings: Sequence[undo.Undoing]
    folders: Sequence[Path]
    remaining: Sequence[str]

    @property
    def names(self) -> Sequence[str]:
        """The clients that leave."""
        return [*(undoing.client.name for undoing in self.undoings), *(flag_clients.NAMES if self.folders else ())]

    def apply(self) -> None:
        """Do what is to be done."""
        for undoing in self.undoings:
            with files.acting_as(undoing.client.owner):
                undo.apply(undoing)
        if self.folders:
            flag_clients.remove(self.team)


def plan(
    environ: Mapping[str, str], names: Sequence[str] = (), *, team: str | None = None, config: Path | None = None
) -> Leaving:
    """Say what there is to undo, and change nothing.

    `names` are the clients to undo it for, else all that are enrolled; `team` can be left out where there is only
    one. Raises InvalidError for what cannot be meant, MissingError where nobody is enrolled, and what `undo.plan`
    raises.
    """
    configured = selection.configured(environ, names, config)
    others = not config and (not names or any(name in flag_clients.NAMES for name in names))
    found = _teams(configured)
    chosen = _team(team, {*chain(*found.values()), *(flag_clients.teams() if others else [])})
    enrolled = [client for client in configured if names or chosen in found[client]]
    if config and len(enrolled) > 1:
        raise InvalidError("--config is one client's file, and two clients are enrolled", "Choose one with --for.")
    undoings = []
    for client in enrolled:
        with files.acting_as(client.owner):
            undoings.append(undo.plan(client, chosen))
    places = flag_clients.places(chosen)
    here = [client.name for client in selection.configured(environ, (), None) if chosen in record.teams(client)]
    remaining = [name for name in here if name not in {client.name for client in enrolled}]
    if places and not others:
        remaining += flag_clients.NAMES
    return Leaving(chosen, undoings, places if others else [], remaining)


def _teams(configured: Sequence[Client]) -> dict[Client, list[str]]:
    """Give the teams in which each client is enrolled, with the one whose files somebody has removed."""
    found = {client: record.teams(client) for client in configured}
    in_use = {client.config for client, teams in found.items() if teams}
    for client in configured:
        lost = abandoned.team_of(client) if client.config not in in_use else None
        found[client] += [lost] if lost else []
    return found


def _team(asked: str | None, enrolled: set[str]) -> str:
    known = ", ".join(sorted(enrolled))
    if not enrolled:
        raise MissingError("not enrolled in any team", "certkit enroll FILE enrolls with a bundle.")
    if asked is None and len(enrolled) > 1:
        raise InvalidError(f"enrolled in more than one team: {known}", "Say which with --team.")
    if asked is not None and asked not in enrolled:
        raise MissingError(f"not enrolled in {asked}", f"Enrolled in: {known}.")
    return asked or known
