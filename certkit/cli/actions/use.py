"""What `certkit use` does: it lists the daemons that enrollments here know, or switches to one of them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit.cli.support.output import say, say_json, say_table, short, tell
from certkit.earthly.clients import variable
from certkit.earthly.flag_clients import NAMES
from certkit.enroll import flag_files, switching
from certkit.enroll.bundle import Daemon
from certkit.enroll.switching import Enrollments, Switch
from certkit.errors import MissingError


@dataclass(frozen=True)
class Choices:
    """What `certkit use` was told beside the daemon; see the verb's options."""

    clients: Sequence[str]
    config: Path | None
    team: str | None
    dry_run: bool
    as_json: bool


def use(daemon: str | None, choices: Choices) -> None:
    """Switch to a daemon; without one, list those that there are."""
    found = _found(choices)
    if daemon is None:
        _list(found, choices)
        return
    if not found.used and daemon not in {each.name for each in found.flagged}:
        known = tuple(each.name for each in found.flagged)
        raise MissingError(f"no enrollment knows a daemon {daemon!r}", code="daemon-not-enrolled", known=known)
    switches = switching.plan(found.used, daemon)
    changes = [each for each in switches if not each.is_done]
    for each in changes if not choices.dry_run else ():
        each.apply()
    if choices.as_json:
        _list(_found(choices), choices)
        return
    for each in switches:
        _say(each, choices)
    _say_commands(found, daemon)


def _found(choices: Choices) -> Enrollments:
    return switching.enrollments(os.environ, choices.clients, team=choices.team, config=choices.config)


def _say(switch: Switch, choices: Choices) -> None:
    config = switch.used.config
    name, title = switch.daemon.name, config.client.title
    if switch.is_done:
        say(f"{title} uses {name} already; nothing changed.")
    elif choices.dry_run:
        say(f"Would use {name} for {title}; nothing is done", f"  edit    {short(config.path)}   buildkit_host")
    else:
        say(f"{title} uses {name} now: {switch.daemon.url}", f"  edited  {short(config.path)}   buildkit_host")
    overriding, url = variable(config.client.kind, os.environ, "BUILDKIT_HOST")
    if overriding and url != switch.daemon.url:
        tell(f"{overriding} is set, and counts more than the file: it leads to {url}")


def _say_commands(found: Enrollments, name: str) -> None:
    """Say how clients that read no configuration use a daemon: by its own files."""
    for each in found.flagged:
        if each.name == name:
            daemon = Daemon(each.name, each.url)
            for client in NAMES:
                say("", f"To build with {client}", f"  {flag_files.command(client, found.user, each.team, daemon)}")


def _list(found: Enrollments, choices: Choices) -> None:
    if choices.as_json:
        say_json({"enrollments": [*_used_as_data(found), *_flagged_as_data(found)]})
        return
    rows = [
        (used.record.team, used.config.client.title, *daemon, "in use" if daemon.name == used.daemon else "")
        for used in found.used
        for daemon in used.daemons
    ]
    rows += [(each.team, " and ".join(NAMES), each.name, each.url, "by its own files") for each in found.flagged]
    say_table(("team", "client", "daemon", "URL", ""), rows)


def _used_as_data(found: Enrollments) -> list[dict[str, object]]:
    return [
        {
            "team": used.record.team,
            "client": used.config.client.name,
            "daemons": [{"name": name, "url": url, "in_use": name == used.daemon} for name, url in used.daemons],
        }
        for used in found.used
    ]


def _flagged_as_data(found: Enrollments) -> list[dict[str, object]]:
    teams = dict.fromkeys(each.team for each in found.flagged)
    return [
        {
            "team": team,
            "client": None,
            "daemons": [
                {"name": each.name, "url": each.url, "in_use": False} for each in found.flagged if each.team == team
            ],
        }
        for team in teams
    ]
