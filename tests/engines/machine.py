"""Makes the machine of engines once, by `make engines`, and boots it for a test: nothing of it runs outside of one.

It takes minutes, packages and two gigabytes, so nothing makes it by the way; tests that need it say so and are skipped.
"""

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.deploy import FLAVOURS
from tests.daemons.build import CACHE, ENVIRONMENT, go, obstacle, programs

SCRIPT = Path(__file__).with_name("machine.sh")
HOST = "10.78.0.2"
"""The machine's address."""

LOCK = CACHE / "engines.lock"
"""Held by whoever has the machine: its address is the same for all."""

_TOOLS = ("unshare", "nsenter", "pgrep", "ip")
_DOCKERFILES = {
    "buildkit": """\
FROM engine-base
COPY buildkitd buildctl /usr/bin/
VOLUME /var/lib/buildkit
ENV BUILDKIT_SETUP_CGROUPV2_ROOT=1
ENTRYPOINT ["buildkitd"]
""",
    "earthly": """\
FROM engine-base
COPY buildkitd buildctl earth_debugger entrypoint.sh /usr/bin/
COPY *.template /etc/
COPY cni-conf.json.template /etc/cni/cni-conf.json.template
COPY oom-adjust.sh.template runc-ps /bin/
ENV EARTHLY_RESET_TMP_DIR=false EARTHLY_TMP_DIR=/tmp/earthly BUILDKIT_DEBUG=false BUILDKIT_MAX_PARALLELISM=20 \\
    BUILDKIT_LOCAL_REGISTRY_LISTEN_PORT=8371 BUILDKIT_STEP_LOG_MAX_SIZE=8388608 CACHE_SIZE_MB=0 CACHE_SIZE_PCT=0 \\
    NETWORK_MODE=cni EARTHLY_CACHE_VERSION=2 BUILDKIT_SETUP_CGROUPV2_ROOT=1
VOLUME /tmp/earthly
ENTRYPOINT ["/usr/bin/entrypoint.sh", "buildkitd", "--config=/etc/buildkitd.toml"]
""",
}
_DOCKERFILES["earthbuild"] = _DOCKERFILES["earthly"].replace("/tmp/earthly", "/tmp/earthbuild")
"""Of images like the real ones, which come from a registry: the same programs behind the same entrypoint."""
_PROGRAMS = {"buildkit": "upstream", "earthly": "earthly", "earthbuild": "earthbuild"}


ENGINES, OLDER = "trixie", "bookworm"
"""The releases of Debian: the one with the engines, and one whose systemd is older."""


@dataclass(frozen=True)
class Machine:
    """The machine of a release of Debian, in the folder where it was made."""

    folder: Path
    suite: str = ENGINES

    @property
    def root(self) -> Path:
        """Its root, seen from here."""
        return self.folder / "root"

    def boot(self) -> None:
        """Boot it."""
        self._do("boot")

    def stop(self) -> None:
        """Power it off."""
        self._do("stop")

    def on(self, *command: str, check: bool = True) -> str:
        """Run a command on it; return what it printed."""
        return self._do("on", *command, check=check)

    def image(self, reference: str, context: Path) -> None:
        """Build an image for its engines from a folder's Dockerfile; `engine-base` is the machine's own root."""
        self._do("image", reference, str(context))

    def clean(self) -> None:
        """Remove all that recipes have made on it."""
        self.on(
            "sh",
            "-c",
            "systemctl disable --now haproxy 'buildkitd-*' 2>/dev/null; rm -rf /etc/systemd/system/buildkitd-*.service "
            "/etc/containers/systemd/* /run/buildkit /opt/buildkitd-* /etc/buildkit-certs* '/srv/tls certs'; "
            "systemctl daemon-reload; docker ps -aq | xargs -r docker rm -f; podman rm -fa; "
            "docker volume prune -af; podman volume prune -f; "
            "docker network prune -f; podman network prune -f; rm -rf /var/lib/buildkitd-*",
            check=False,
        )

    def make(self) -> None:
        """Make it, with the images of all flavours if it has engines."""
        self._do("make", self.suite)
        if self.suite == ENGINES:
            self._make_images()
        upstream = programs("upstream")
        for program in (upstream.buildkitd, upstream.buildctl):
            shutil.copy(program, self.root / "usr" / "local" / "bin")

    def _make_images(self) -> None:
        self.boot()
        try:
            for flavour, built in _PROGRAMS.items():
                with tempfile.TemporaryDirectory() as context:
                    self._lay(Path(context), flavour, built)
                    self.image(FLAVOURS[flavour].reference, Path(context))
        finally:
            self.stop()

    def _lay(self, context: Path, flavour: str, built: str) -> None:
        for program in (programs(built).buildkitd, programs(built).buildctl):
            shutil.copy(program, context)
        if flavour != "buildkit":
            for each in (_earthly() / "buildkitd").glob("*[!o]"):
                shutil.copy(each, context)
            (context / "earth_debugger").write_text('#!/bin/sh\nexec "$@"\n')
        for each in context.iterdir():
            each.chmod(0o755)
        if flavour == "earthbuild":
            entrypoint = context / "entrypoint.sh"
            entrypoint.write_text(_earthbuilds(entrypoint.read_text()))
        (context / "Dockerfile").write_text(_DOCKERFILES[flavour])

    def _do(self, what: str, *words: str, check: bool = True) -> str:
        command = ["bash", str(SCRIPT), what, str(self.folder), *words]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=900, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join([what, *words])}: {done.stdout}{done.stderr}")
        return done.stdout


def machine(suite: str = ENGINES) -> Machine:
    """Return the machine that this state of the daemons and of what makes it has made of a release of Debian."""
    making, _, _ = SCRIPT.read_text().partition("\nboot)")
    pinned = [making, *_DOCKERFILES.values(), *(str(programs(each).buildkitd) for each in _PROGRAMS.values())]
    digest = hashlib.sha256("".join(pinned).encode()).hexdigest()[:12]
    return Machine(CACHE / f"engines-{suite}-{digest}", suite)


def reason_to_skip(suite: str) -> str:
    """Say why no engine can run here; an empty text where they can."""
    if reason := obstacle():
        return reason
    if not machine(suite).folder.exists():
        return "the machine of engines is not made: make engines"
    missing = [each for each in _TOOLS if not shutil.which(each)]
    if missing or "cgroup2" not in Path("/proc/mounts").read_text():
        return f"the machine of engines cannot boot here: {', '.join(missing) or 'no cgroup2'} missing; make engines"
    return ""


def fitted(recipe: str) -> str:
    """Return a recipe without what a machine inside this one may not grant: its limits, and no pids controller."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return recipe.replace("1048576", str(min(most, 1048576))).replace("--pids-limit=-1", "--pids-limit=0")


def _earthbuilds(entrypoint: str) -> str:
    """Make EarthBuild's entrypoint of Earthly's: it has another folder, and sees to enough open files."""
    first, _, rest = entrypoint.replace("/tmp/earthly", "/tmp/earthbuild").partition("\n")
    return f"{first}\nulimit -n 1048576 2>/dev/null || true\n{rest}"


def _earthly() -> Path:
    """Return the source of Earthly, which holds its image's entrypoint."""
    modules = Path(__file__).parents[1] / "clients" / "earthlyconfig"
    command = [go(), "mod", "download", "-json", "github.com/earthly/earthly"]  # it may not be here yet
    found = subprocess.run(command, cwd=modules, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return Path(json.loads(found.stdout)["Dir"])


def _make() -> None:
    if os.geteuid() or not shutil.which("debootstrap"):
        sys.exit("The machine of engines is made by root, with debootstrap: apt-get install debootstrap")
    for suite in (ENGINES, OLDER):
        made = machine(suite)
        if not made.folder.exists():
            draft = Machine(made.folder.with_suffix(".draft"), suite)
            shutil.rmtree(draft.folder, ignore_errors=True)
            with files.locked(LOCK):
                draft.make()
            (draft.folder / "base.tar").unlink()
            draft.folder.rename(made.folder)


if __name__ == "__main__":
    _make()
