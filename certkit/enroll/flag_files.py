"""Enroll `buildctl` and `docker buildx`, which read no configuration: write their files, and the command to paste."""

import contextlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from certkit import files
from certkit.earthly import flag_clients
from certkit.earthly.user import User
from certkit.enroll import replacement
from certkit.enroll.bundle import Bundle, Daemon
from certkit.enroll.replacement import Present, Warrant
from certkit.errors import MissingError


def is_written(bundle: Bundle, user: User, daemons: Sequence[Daemon]) -> bool:
    """Tell whether the files are there already for each of these daemons."""
    with files.acting_as(user.owner):
        return all(
            _holds(flag_clients.folder(user, bundle.team, daemon.name), _contents(bundle, daemon)) for daemon in daemons
        )


def renews(bundle: Bundle, user: User, daemons: Sequence[Daemon], warrant: Warrant) -> bool:
    """Tell whether the files of one of these daemons are renewed; raise as `replacement.check` does."""
    known = {found.folder: found.url for found in flag_clients.enrolled(user) if found.team == bundle.team}
    with files.acting_as(user.owner):
        found = [_renews(bundle, user, daemon, known, warrant) for daemon in daemons]
    return any(found)


def write(bundle: Bundle, user: User, daemons: Sequence[Daemon]) -> None:
    """Write the files for each of these daemons, of this bundle."""
    with files.acting_as(user.owner):
        for daemon in daemons:
            place = flag_clients.folder(user, bundle.team, daemon.name)
            files.make_private_directory(place.parent)
            files.write_directory(place, _contents(bundle, daemon))


def remove(user: User, team: str) -> list[Path]:
    """Remove what `write` made for a team, and return the folders that were there."""
    with files.acting_as(user.owner):
        found = flag_clients.places(user, team)
        for place in found:
            files.remove_directory(place)
        for parent in {place.parent for place in found}:
            with contextlib.suppress(OSError):  # what else is there is not ours
                for folder in (parent, parent.parent, parent.parent.parent):
                    folder.rmdir()
    return found


def command(client: str, user: User, team: str, daemon: Daemon) -> str:
    """Return the command that uses the daemon from `buildctl` or sets it up for `buildx`, ready to paste."""
    return _COMMANDS[client](flag_clients.folder(user, team, daemon.name), team, daemon)


def _renews(bundle: Bundle, user: User, daemon: Daemon, known: Mapping[Path, str], warrant: Warrant) -> bool:
    place = flag_clients.folder(user, bundle.team, daemon.name)
    present = Present(place, f"for {daemon.name}", {known[place]} if place in known else set())
    return replacement.check(bundle, {daemon.url}, present, warrant)


def _contents(bundle: Bundle, daemon: Daemon) -> dict[str, bytes]:
    return {**bundle.files(), flag_clients.URL: daemon.url.encode()}


def _holds(place: Path, contents: Mapping[str, bytes]) -> bool:
    try:
        return all(files.read(place / name) == content for name, content in contents.items())
    except MissingError:
        return False


def _buildctl(place: Path, _team: str, daemon: Daemon) -> str:
    options = ["--tlscacert", str(place / "ca.pem"), "--tlscert", str(place / "cert.pem")]
    return shlex.join(
        ["buildctl", "--addr", daemon.url, *options, "--tlskey", str(place / "key.pem"), "debug", "workers"]
    )


def _buildx(place: Path, team: str, daemon: Daemon) -> str:
    options = ",".join(f"{option}={place / name}" for option, name in _DRIVER_OPTIONS.items())
    driver = ["--driver", "remote", "--driver-opt", options]
    return shlex.join(["docker", "buildx", "create", "--name", f"{team}-{daemon.name}", *driver, daemon.url])


_DRIVER_OPTIONS = {"cacert": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
_COMMANDS: dict[str, Callable[[Path, str, Daemon], str]] = {"buildctl": _buildctl, "buildx": _buildx}
