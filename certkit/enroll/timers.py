"""The timer that renews: of the user's systemd, of launchd, or of cron, whichever works here.

One timer of a user serves all teams. It is set anew at each enrollment, and goes with the last team that renews.
"""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from certkit import files
from certkit.earthly.user import User
from certkit.errors import CertkitError

NAME = "certkit-renew"
_LABEL = f"internal.certkit.{NAME}"
_MARK = f"# {NAME}"
_HOURS = 6
"""Between two looks: who waits for a laptop to have what is new waits about so long, and a laptop sleeps."""
_PATIENCE = 20
"""Seconds for a program that sets a timer."""
_PASSING = ("archive-v0", "environments-v2")
"""Folders in uv's cache from which `uvx` runs a program that is not installed: they do not last."""

_SERVICE = """\
[Unit]
Description=Renew the certificates of certkit

[Service]
Type=oneshot
ExecStart={command}
"""
_TIMER = f"""\
[Unit]
Description=Renew the certificates of certkit

[Timer]
OnCalendar=*-*-* 00/{_HOURS}:00:00
RandomizedDelaySec=1h
Persistent=true

[Install]
WantedBy=timers.target
"""


class Keeper(StrEnum):
    """Who keeps the timer."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    CRON = "cron"


class Machine(NamedTuple):
    """The machine of a user: how programs are run as them, and where their timers lie."""

    user: User
    environ: Mapping[str, str]

    def run(self, *command: str, given: str | None = None) -> str | None:
        """Run a program as the user; return what it prints, None if it is not there or fails."""
        program = shutil.which(command[0], path=self.environ.get("PATH"))
        if program is None:
            return None
        as_user: dict[str, int] = {}
        if self.user.owner and os.geteuid() == 0:
            as_user = {"user": self.user.owner[0], "group": self.user.owner[1]}
        try:
            done = subprocess.run(  # noqa: S603  a program of the system, and no shell
                [program, *command[1:]],
                input=given,
                env=self._variables(),
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
                **as_user,  # type: ignore[call-overload]
            )
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            return None
        return str(done.stdout) if done.returncode == 0 else None

    def _variables(self) -> dict[str, str]:
        """Return the environment of the user: under sudo their manager is found by a variable that root lacks."""
        own = {"HOME": str(self.user.home)}
        if self.user.owner:
            own["XDG_RUNTIME_DIR"] = f"/run/user/{self.user.owner[0]}"
        return {**self.environ, **own}

    @property
    def units(self) -> Path:
        """The folder of the user's units."""
        return self.user.home / ".config" / "systemd" / "user"

    @property
    def agent(self) -> Path:
        """The file of the user's agent."""
        return self.user.home / "Library" / "LaunchAgents" / f"{_LABEL}.plist"

    @property
    def domain(self) -> str:
        """Where launchd keeps the user's agents."""
        return f"gui/{self.user.owner[0] if self.user.owner else os.getuid()}"


def renewing() -> list[str]:
    """Return the command that the timer runs: by this very interpreter, or anew by uvx where that has started it."""
    uvx = shutil.which("uvx")
    own = [uvx, "certkit"] if uvx and set(_PASSING) & set(Path(sys.prefix).parts) else [sys.executable, "-m", "certkit"]
    return [*own, "renew", "--if-needed"]


def start(user: User, environ: Mapping[str, str]) -> Keeper | None:
    """Set the timer; return who keeps it, None if nobody can here."""
    machine = Machine(user, environ)
    for keeper, begin in _STARTS.items():
        with contextlib.suppress(CertkitError):  # a folder that is somebody else's: another may do
            if begin(machine, renewing()):
                return keeper
    return None


def stop(user: User, environ: Mapping[str, str]) -> None:
    """Remove the timer, whoever keeps it; there may be none."""
    machine = Machine(user, environ)
    if (machine.units / f"{NAME}.timer").exists():
        machine.run("systemctl", "--user", "disable", "--now", f"{NAME}.timer")
        _remove(machine, *(machine.units / f"{NAME}.{suffix}" for suffix in ("timer", "service")))
        machine.run("systemctl", "--user", "daemon-reload")
    if machine.agent.exists():
        machine.run("launchctl", "bootout", f"{machine.domain}/{_LABEL}")
        _remove(machine, machine.agent)
    table = machine.run("crontab", "-l")
    if table and _MARK in table:
        machine.run("crontab", "-", given="".join(_others(table)))


def service(command: Sequence[str]) -> str:
    """Write the unit that renews."""
    return _SERVICE.format(command=" ".join(map(_systemd_word, command)))


def agent(command: Sequence[str], log: Path) -> bytes:
    """Write the agent that renews."""
    import plistlib  # an XML parser, which macOS alone needs

    return plistlib.dumps(
        {
            "Label": _LABEL,
            "ProgramArguments": list(command),
            "StartInterval": _HOURS * 3600,
            "RunAtLoad": True,
            "StandardErrorPath": str(log),
        }
    )


def table_with(table: str, command: Sequence[str], log: Path) -> str:
    """Return a table of cron's with the line that renews, once; what else is in it stays."""
    # In the table a % would be a line's end.
    line = f"{shlex.join(command)} 2>> {shlex.quote(str(log))}".replace("%", "\\%")
    return "".join(_others(table)) + f"17 */{_HOURS} * * * {line} {_MARK}\n"


def _others(table: str) -> list[str]:
    lines = (f"{line}\n" for line in table.splitlines())
    return [line for line in lines if not line.rstrip().endswith(_MARK)]


def _start_systemd(machine: Machine, command: Sequence[str]) -> bool:
    if machine.run("systemctl", "--user", "show-environment") is None:
        return False
    _write(machine, machine.units / f"{NAME}.service", service(command).encode())
    _write(machine, machine.units / f"{NAME}.timer", _TIMER.encode())
    reloaded = machine.run("systemctl", "--user", "daemon-reload") is not None
    return reloaded and machine.run("systemctl", "--user", "enable", "--now", f"{NAME}.timer") is not None


def _start_launchd(machine: Machine, command: Sequence[str]) -> bool:
    if shutil.which("launchctl", path=machine.environ.get("PATH")) is None:
        return False
    _write(machine, machine.agent, agent(command, _log(machine)))
    machine.run("launchctl", "bootout", f"{machine.domain}/{_LABEL}")
    return machine.run("launchctl", "bootstrap", machine.domain, str(machine.agent)) is not None


def _start_cron(machine: Machine, command: Sequence[str]) -> bool:
    table = machine.run("crontab", "-l") or ""  # it fails where there is no table yet
    return machine.run("crontab", "-", given=table_with(table, command, _log(machine))) is not None


def _log(machine: Machine) -> Path:
    return machine.user.data / "renewal.log"


def _write(machine: Machine, path: Path, content: bytes) -> None:
    """Write what others may read, in a folder that others may look into, as the system makes it."""
    with files.acting_as(machine.user.owner):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CertkitError(
                f"{path.parent} cannot be made: {error.strerror}", code="file-unwritable", path=path
            ) from None
        files.write(path, content, mode=0o644)


def _remove(machine: Machine, *paths: Path) -> None:
    with files.acting_as(machine.user.owner):
        for each in paths:
            each.unlink(missing_ok=True)


def _systemd_word(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != word or " " in word else word


_STARTS = {Keeper.SYSTEMD: _start_systemd, Keeper.LAUNCHD: _start_launchd, Keeper.CRON: _start_cron}
