"""Programs of a user's machine that keep timers, played: no test may set a timer of whoever runs it."""

import os
from pathlib import Path

import pytest

_SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> {log}
exit {code}
"""
_CRONTAB = """#!/bin/sh
case "$1" in
-l) cat {table} 2> /dev/null || exit 1 ;;
*) cat > {table} ;;
esac
exit {code}
"""


def play(folder: Path, patch: pytest.MonkeyPatch, *, systemd: bool = True, cron: bool = True) -> Path:
    """Put the programs first into PATH; return where they write what they were told: `log` and `table`."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name, text, works in (("systemctl", _SYSTEMCTL, systemd), ("launchctl", _SYSTEMCTL, False)):
        (programs / name).write_text(text.format(log=programs / "log", code=int(not works)))
    (programs / "crontab").write_text(_CRONTAB.format(table=programs / "table", code=int(not cron)))
    for name in ("systemctl", "launchctl", "crontab"):
        (programs / name).chmod(0o755)
    patch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return programs
