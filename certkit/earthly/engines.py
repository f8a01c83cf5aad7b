"""Which container engine a client takes, found out by the very questions that the client asks, in its order.

Its `util/containerutil` asks Docker and then Podman, and waits for as long as they take. Without an engine the client
ignores the `buildkit_host` of its file, although a remote daemon needs none.
"""

import shutil
import subprocess
import time
from contextlib import suppress
from typing import NamedTuple

from certkit.earthly import config
from certkit.earthly.clients import Client
from certkit.earthly.config import AUTO
from certkit.earthly.user import Environment
from certkit.errors import CertkitError

PATIENCE = 40.0
"""Seconds in which the engines may answer all questions; the client has no limit."""

DOCKER, PODMAN = "docker-shell", "podman-shell"

_PODMANS_ROOT = "/var/lib/containers/storage"
_GO_BOOLEANS = ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False")


class Engine(NamedTuple):
    """What the client would find: the program that it takes, else nothing, and why.

    `is_refused` if the client takes no engine because it does not know the `container_frontend`.
    """

    program: str
    why_not: str = ""
    is_refused: bool = False


class _UnfitError(Exception):
    """An engine is none that the client takes."""


def of_client(client: Client, environ: Environment, patience: float = PATIENCE) -> Engine:
    """Return the engine that a client would take by its configuration; by the default where that cannot be read."""
    frontend = AUTO
    with suppress(CertkitError):
        frontend = config.read(client, environ).container_frontend
    return find(frontend, client.seen(environ), patience)


def find(frontend: str, environ: Environment, patience: float = PATIENCE) -> Engine:
    """Return the engine that a client with this `container_frontend` would take, asked within `patience` seconds."""
    asking = _Asking(environ, time.monotonic() + patience, patience)
    if frontend not in (AUTO, DOCKER, PODMAN):
        return Engine("", f"container_frontend is {frontend!r}", is_refused=True)
    reasons = []
    for each in (DOCKER, PODMAN) if frontend == AUTO else (frontend,):
        try:
            if each == PODMAN:
                asking.podman()
            else:
                asking.docker(may_be_podman=frontend != AUTO)
            return Engine(each.removesuffix("-shell"))
        except _UnfitError as unfit:
            reasons.append(str(unfit))
    return Engine("", ", and ".join(reasons))


class _Asking(NamedTuple):
    environ: Environment
    deadline: float
    patience: float

    def docker(self, *, may_be_podman: bool) -> None:
        """Ask Docker all that the client asks; one that keeps its images where Podman does is Podman."""
        self._ask("docker", "info")
        self._ask("docker", "info", "--format={{.SecurityOptions}}")
        try:
            root = self._ask("docker", "info", "--format={{.DockerRootDir}}")
        except _UnfitError:
            root = self._ask("docker", "info", "--format={{.Store.GraphRoot}}")
        self._ask("docker", "ps")
        if not may_be_podman and (root.stdout + root.stderr).strip() == _PODMANS_ROOT:
            raise _UnfitError("docker is Podman in disguise")

    def podman(self) -> None:
        """Ask Podman all that the client asks."""
        rootless = self._ask("podman", "info", "--format={{.Host.Security.Rootless}}")
        if rootless.stdout.strip() not in _GO_BOOLEANS:
            raise _UnfitError("podman info does not say whether it is rootless")
        self._ask("podman", *(("--log-level", "error") if rootless.stderr else ()), "ps")

    def _ask(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = shutil.which(program, path=self.environ.get("PATH", ""))
        if path is None:
            raise _UnfitError(f"there is no {program} here")
        question = " ".join((program, *arguments))
        try:
            done = subprocess.run(  # noqa: S603 - the very program that the client would run
                [path, *arguments],
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=max(0.0, self.deadline - time.monotonic()),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _UnfitError(f"{question} has not answered within {self.patience:g} s") from None
        except OSError as error:
            raise _UnfitError(f"{program} cannot be run: {error.strerror}") from None
        if done.returncode:
            raise _UnfitError(f"{question} fails")
        return done
