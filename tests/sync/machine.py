"""The host of a daemon: the daemon runs apart from the tests, and a command restarts it, as an operator's would."""

import contextlib
import os
import signal
import time
from pathlib import Path

from certkit.cli.support.local_daemon import STANDIN, LocalDaemon
from tests.daemons.build import programs
from tests.daemons.daemon import HOST, free_port

_RESTART = """#!/bin/sh
# What systemctl restart does: end it, and start it on the files that are there now.
echo restart >> {folder}/restarts
if [ -e {folder}/pid ]; then
    kill "$(cat {folder}/pid)" 2> /dev/null
    while kill -0 "$(cat {folder}/pid)" 2> /dev/null; do sleep 0.05; done
fi
setsid {command} >> {folder}/log 2>&1 < /dev/null &
echo $! > {folder}/pid
"""


class Machine:
    """A host on which a daemon reads its files from `files`."""

    def __init__(self, folder: Path, flavour: str | None = None) -> None:
        """Make one; without a flavour the stand-in runs in the daemon's place."""
        self.folder, self.files = folder, folder / "certs"
        folder.mkdir()
        self.programs = programs(flavour) if flavour else None
        program = (str(self.programs.buildkitd),) if self.programs else STANDIN
        self.daemon = LocalDaemon(program, host=HOST, port=free_port(HOST))
        self.url = self.daemon.url
        flags = [
            f"--tls{flag}={self.files}/{name}.pem" for flag, name in zip(("cacert", "cert", "key"), _FILES, strict=True)
        ]
        self.command = " ".join([*self.daemon.command, *flags])
        self.restart = folder / "restart"
        self.restart.write_text(_RESTART.format(folder=folder, command=self.command))
        self.restart.chmod(0o755)

    @property
    def restarts(self) -> int:
        """How often the daemon was restarted."""
        done = self.folder / "restarts"
        return done.read_text().count("restart") if done.exists() else 0

    @property
    def log(self) -> str:
        """What the daemon has said."""
        said = self.folder / "log"
        return said.read_text(errors="replace") if said.exists() else ""

    def close(self) -> None:
        """End the daemon."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
            number = int((self.folder / "pid").read_text())
            os.kill(number, signal.SIGTERM)
            for _ in range(100):
                os.kill(number, 0)
                time.sleep(0.05)
            os.kill(number, signal.SIGKILL)
        self.daemon.close()


_FILES = ("ca", "cert", "key")
