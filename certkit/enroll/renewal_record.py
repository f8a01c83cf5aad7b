"""What has to be known to renew: in `renewal/` below the application's folder, a file for each team."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from certkit import files
from certkit.earthly.user import User
from certkit.enroll import codes, renewal_places
from certkit.enroll.codes import Code, Server
from certkit.enroll.enrollment import Enrollment
from certkit.errors import CertkitError, MalformedError, MissingError


class Renewable(NamedTuple):
    """How a team's server enrolled this machine: where it is, for which clients, with which choices."""

    team: str
    server: Server
    clients: tuple[str, ...]
    config: Path | None = None
    daemon: str | None = None
    code: str | None = None
    """The digest of the code that was used."""


def remember(planned: Enrollment, server: Server, config: Path | None, daemon: str | None, code: Code) -> None:
    """Keep what renewals need to know of an enrollment, and of former ones in the same team."""
    user, team = planned.user, planned.bundle.team
    former = recall(user, team)
    names = [*(former.clients if former else ()), *(step.client.name for step in planned.steps), *planned.others]
    kept = former or Renewable(team, server, ())
    clients = tuple(dict.fromkeys(names))
    used = codes.digest(code.secret)
    keep(user, Renewable(team, server, clients, config or kept.config, daemon or kept.daemon, used))


def team_of(user: User, code: Code) -> str | None:
    """Return the team in which a code has enrolled this machine, None if it has not: it may be given again."""
    used = codes.digest(code.secret)
    for team in renewal_places.teams(user):
        with contextlib.suppress(MalformedError):
            known = recall(user, team)
            if known and known.code == used:
                return team
    return None


def leave(user: User, team: str, remaining: Sequence[str]) -> None:
    """Renew from now on for the remaining clients alone; without any, remove what is known, and a key that waits."""
    if remaining:
        known = recall(user, team)
        if known:
            keep(user, known._replace(clients=tuple(each for each in known.clients if each in remaining)))
        return
    with files.acting_as(user.owner):
        for each in (_place(user, team), next_key(user, team), lock(user, team)):
            each.unlink(missing_ok=True)


def recall(user: User, team: str) -> Renewable | None:
    """Return how a team's server enrolled this machine; None if it did not."""
    with files.acting_as(user.owner), contextlib.suppress(MissingError):
        content = files.read(_place(user, team))
        try:
            found = json.loads(content)
            clients = tuple(str(each) for each in found["clients"])
            config = Path(found["config"]) if found["config"] else None
            daemon = str(found["daemon"]) if found["daemon"] else None
            used = str(found["code"]) if found.get("code") else None
            return Renewable(team, codes.parse_server(str(found["server"])), clients, config, daemon, used)
        except (ValueError, KeyError, TypeError, RecursionError, CertkitError):
            path = _place(user, team)
            raise MalformedError(
                f"{path} is damaged", f"Remove {path} and enroll again.", code="renewal-record-damaged", path=path
            ) from None
    return None


def keep(user: User, known: Renewable) -> None:
    """Keep what is known of a team."""
    content = {
        "version": 1,
        "server": known.server.url,
        "clients": known.clients,
        "config": str(known.config) if known.config else None,
        "daemon": known.daemon,
        "code": known.code,
    }
    with files.acting_as(user.owner):
        place = _place(user, known.team)
        files.make_key_directory(place.parent)
        files.write(place, json.dumps(content, indent=1).encode() + b"\n")


def _place(user: User, team: str) -> Path:
    return renewal_places.folder(user) / f"{team}.json"


def next_key(user: User, team: str) -> Path:
    """Return where the next key waits."""
    return renewal_places.folder(user) / f"{team}.next.pem"


def lock(user: User, team: str) -> Path:
    """Return what stands for the lock of a team's renewals."""
    return renewal_places.folder(user) / f"{team}.lock"
