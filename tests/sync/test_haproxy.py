"""HAProxy in front of a real daemon: its host has it reloaded at once, which ends no build."""

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import ALICE, Lead
from tests.daemons.daemon import HOST, Start, free_port
from tests.patience import eventually
from tests.server.running import serving
from tests.sync.test_real_daemons import BOB, LARGE, building, holder, told
from tests.team import Files
from tests.trust.people import SERVED

REVOKED = 44

Proxy = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """Start HAProxy by a configuration."""
    if not shutil.which("haproxy"):
        pytest.skip("HAProxy is not installed")
    started: list[subprocess.Popen[bytes]] = []

    def start(configuration: str) -> "subprocess.Popen[bytes]":
        (tmp_path / "haproxy.cfg").write_text(configuration)
        command = ["haproxy", "-W", "-db", "-f", str(tmp_path / "haproxy.cfg")]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def answers(port: int, files: Files) -> bool:
    """Tell whether somebody is served."""
    with contextlib.suppress(OSError):
        return told(port, files) == SERVED
    return False


def test_a_revocation_is_in_force_while_a_build_goes_on(
    daemon_factory: Start, lead: Lead, proxy: Proxy, tmp_path: Path
) -> None:
    socket, certs, port = tmp_path / "buildkitd.sock", tmp_path / "certs", free_port(HOST)
    assert lead("init", "--team", "acme", "--daemon", f"tcp://{HOST}:{port}", "--name", "build").code == 0
    deployed = lead("daemon", "deploy", "build", "--as", "haproxy", "--flavour", "buildkit", "--certs", certs).out
    configuration = deployed.replace("    user haproxy\n    group haproxy\n", "")
    alice, bob = (holder(lead, tmp_path, each) for each in (ALICE, BOB))
    with serving(tmp_path / "home"):
        assert lead("enroll", lead("invite", "--daemon", "build", "--json").data["code"]).code == 0
        assert lead("daemon", "sync", "--once").code == 3
        own = {name: certs / f"{name}.pem" for name in ("ca", "cert", "key")}
        daemon = daemon_factory("upstream", **own, extra=(f"--addr=unix://{socket}",))
        (certs / "cert.pem.key").symlink_to("key.pem")
        process = proxy(configuration.replace("/run/buildkit/buildkitd.sock", str(socket)))
        sync = ("daemon", "sync", "--once", "--restart-command", f"kill -USR2 {process.pid}")
        eventually(lambda: answers(port, bob))  # a signal that comes before it is up would end it
        assert lead(*sync).code == 0
        with building(tmp_path, daemon.programs, f"tcp://{HOST}:{port}", bob) as build:
            assert build.stdout
            assert build.stdout.read(1)
            lead("revoke", ALICE)
            assert lead(*sync).out == "build holds publication 2, proven\n"
            assert told(port, alice) == REVOKED
            archive, said = build.communicate()
            assert (build.returncode, len(archive) > LARGE) == (0, True), said
        assert told(port, bob) == SERVED
