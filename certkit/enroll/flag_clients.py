"""The other clients of a BuildKit daemon, `buildctl` and `docker buildx`: their files, and the command to paste.

Beside the three files lies `url`, the daemon's, by which the probe finds it.
"""

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from certkit import files
from certkit.enroll import acceptance
from certkit.enroll.bundle import Bundle, Daemon
from certkit.errors import MissingError

NAMES = ("buildctl", "buildx")

_URL = "url"


def folder(team: str, daemon: str) -> Path:
    """Give the folder of one daemon's `ca.pem`, `cert.pem`, `key.pem` and `url`."""
    return _of_team(team) / daemon


def is_written(bundle: Bundle, daemons: Sequence[Daemon]) -> bool:
    """Tell whether the files are there already for each of these daemons."""
    return all(
        _read(folder(bundle.team, daemon.name), wanted) == wanted
        for daemon in daemons
        for wanted in [_of_daemon(bundle, daemon)]
    )


def renews(bundle: Bundle, daemons: Sequence[Daemon]) -> bool:
    """Tell whether the files of one of these daemons are renewed; raises as `renewal.check` does."""
    found = [acceptance.check(bundle, folder(bundle.team, daemon.name), f"for {daemon.name}") for daemon in daemons]
    return any(found)


def write(bundle: Bundle, daemons: Sequence[Daemon]) -> None:
    """Write the files for each of these daemons, of this bundle."""
    for daemon in daemons:
        place = folder(bundle.team, daemon.name)
        files.make_private_directory(place.parent)
        files.write_directory(place, _of_daemon(bundle, daemon))


def enrolled() -> list[tuple[str, Daemon]]:
    """Give the daemons for which there are files, each with its team."""
    return [
        (team, Daemon(place.name, found[_URL].decode(errors="replace")))
        for team in teams()
        for place in places(team)
        if (found := _read(place, [_URL]))
    ]


def teams() -> list[str]:
    """Give the teams for which there are files."""
    parent = _all_teams()
    return sorted(path.name for path in parent.iterdir() if places(path.name)) if parent.is_dir() else []


def places(team: str) -> list[Path]:
    """Give the folders that `write` made for a team."""
    parent = _of_team(team)
    return sorted(path for path in parent.glob("[!.]*") if path.is_symlink()) if parent.is_dir() else []


def remove(team: str) -> list[Path]:
    """Remove what `write` made for a team, and give the folders that were there."""
    found = places(team)
    for place in found:
        files.remove_directory(place)
    if found:
        _of_team(team).rmdir()
    return found


def command(client: str, team: str, daemon: Daemon) -> str:
    """Give the command that uses the daemon from `buildctl` or sets it up for `buildx`, ready to paste."""
    return _COMMANDS[client](folder(team, daemon.name), team, daemon)


def _all_teams() -> Path:
    return files.application_directory() / "clients"


def _of_team(team: str) -> Path:
    return _all_teams() / team


def _of_daemon(bundle: Bundle, daemon: Daemon) -> dict[str, bytes]:
    return {**bundle.files(), _URL: daemon.url.encode()}


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


def _read(place: Path, names: Iterable[str]) -> dict[str, bytes] | None:
    try:
        return {name: files.read(place / name) for name in names}
    except MissingError:
        return None
