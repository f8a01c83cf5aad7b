"""A machine with the engines, and a shell in which the lead pastes what certkit prints."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from certkit import files
from tests.cli.conftest import Ended, Lead
from tests.daemons.build import programs
from tests.engines.machine import ENGINES, HOST, LOCK, SCRIPT, Machine, machine, reason_to_skip

PATIENCE = 150.0
DOCKERFILE = """\
FROM scratch
ARG DO=true
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "busybox echo it has run; eval \\"$DO\\""]
"""
_SSH = """\
#!{python}
import subprocess, sys
from tests.engines.machine import fitted
login, words = sys.argv[1], sys.argv[2:]
assert login == "root@{host}", login
run = ["bash", "{script}", "on", "{folder}", "sh", "-c", " ".join(words)]
is_recipe = "/dev/stdin" in words or words == ["sh"]
with_input = {{"input": fitted(sys.stdin.read()), "text": True}} if is_recipe else {{}}
sys.exit(subprocess.run(run, **with_input).returncode)
"""
_SCP = """\
#!/bin/sh
for last; do :; done
while [ $# -gt 1 ]; do cp "$1" "{root}/${{last#*:}}"; shift; done
"""
_CERTKIT = """\
#!/bin/sh
exec {python} -m certkit "$@"
"""


@pytest.fixture
def engines(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """Boot the machine; one test at a time has it, and finds nothing on it. A parameter names another Debian."""
    suite = getattr(request, "param", ENGINES)
    if reason := reason_to_skip(suite):
        pytest.skip(reason)
    with files.locked(LOCK):
        booted = machine(suite)
        booted.boot()
        try:
            booted.clean()
            yield booted
        finally:
            print(booted.on("journalctl", "--boot", "--no-pager", "--lines=200", check=False))
            booted.clean()
            booted.stop()


@dataclass(frozen=True)
class Desk:
    """The lead's machine, from which the host is reached, and the laptops of those who build."""

    lead: Lead
    engines: Machine
    folder: Path
    flavour: str

    def paste(self, line: str) -> str:
        """Run a line that certkit has printed; return what it printed itself."""
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", line],
            env={**os.environ, "PATH": path},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return done.stdout

    def enroll(self, person: str) -> None:
        """Enroll somebody who builds with buildctl."""
        self.lead("issue", person, "--out", f"{person}.certkit", "--no-passphrase")
        with self.at(person):
            assert self.lead("enroll", f"{person}.certkit", "--for", "buildctl", "--force", "--no-probe").code == 0

    @contextmanager
    def at(self, person: str) -> Iterator[Path]:
        """Sit down at somebody's laptop."""
        home, former = self.folder / person, os.environ["HOME"]
        home.mkdir(exist_ok=True)
        os.environ["HOME"] = str(home)
        try:
            yield home
        finally:
            os.environ["HOME"] = former

    def build(self, person: str, do: str) -> subprocess.Popen[str]:
        """Start a build with a RUN step by the flavour's own client."""
        pair = next((self.folder / person).rglob("cert.pem")).parent
        context = self.folder / "context"
        if not context.exists():
            context.mkdir()
            shutil.copy(self.engines.root / "bin" / "busybox", context)
            (context / "Dockerfile").write_text(DOCKERFILE)
        buildctl = programs("upstream" if self.flavour == "buildkit" else self.flavour).buildctl
        return subprocess.Popen(
            [
                str(buildctl), "--addr", f"tcp://{HOST}:8372", "--tlscacert", str(pair / "ca.pem"),
                "--tlscert", str(pair / "cert.pem"), "--tlskey", str(pair / "key.pem"),
                "build", "--no-cache", "--progress=plain", "--frontend=dockerfile.v0",
                "--local", f"context={context}", "--local", f"dockerfile={context}", "--opt", f"build-arg:DO={do}",
            ],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def built(self, person: str, do: str = "true") -> tuple[bool, str]:
        """Build; return whether it went well, and what the client said."""
        process = self.build(person, do)
        said, _ = process.communicate(timeout=120)
        return process.returncode == 0, said

    def wait_for(self, holds: Callable[[], bool]) -> None:
        """Wait for what must come."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def runs(self, name: str) -> bool:
        """Tell whether a process of this command line runs on the host."""
        return bool(self.engines.on("pgrep", "-x", "-f", name, check=False).strip())

    def check(self) -> Ended:
        """Have the daemon proven, as soon as it is up."""
        return self.lead("daemon", "check", "build", "--wait", str(PATIENCE))


@pytest.fixture
def desk(lead: Lead, engines: Machine, tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    """Return the lead's desk, with ssh and scp that reach the machine of engines alone."""
    tools = tmp_path / "bin"
    tools.mkdir()
    values = {"python": sys.executable, "host": HOST, "script": SCRIPT, "folder": engines.folder, "root": engines.root}
    for name, text in (("ssh", _SSH), ("scp", _SCP), ("certkit", _CERTKIT)):
        (tools / name).write_text(text.format(**values))
        (tools / name).chmod(0o755)
    return Desk(lead, engines, tmp_path, request.getfixturevalue("flavour_of_recipe"))
