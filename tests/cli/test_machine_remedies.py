"""What is printed to be pasted is there on the machine at hand: a Mac, a slim container, one loopback address."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Lead
from tests.team import Files

HAS_BOTH = frozenset({"getent", "timedatectl"})


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("system", "programs", "expected"),
    [
        ("linux", HAS_BOTH, "getent hosts build.acme.example"),
        ("linux", frozenset(), "nslookup build.acme.example"),
        ("darwin", HAS_BOTH, "dscacheutil -q host -a name build.acme.example"),
    ],
)
def test_a_name_that_is_not_known_is_looked_up_by_what_is_there(
    lead: Lead,
    alice: Files,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    programs: frozenset[str],
    expected: str,
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(shutil, "which", lambda name, **_: name if name in programs else None)
    named = ["--ca", alice.ca, "--cert", alice.cert, "--key", alice.key]
    ended = lead("probe", "--daemon", "tcp://build.acme.example:8372", *named)
    assert ended.code == 3
    assert f"\n             {expected}\n" in ended.out
    checked = lead("daemon", "check", "build", "--timeout", "1")
    assert checked.code == 3
    assert checked.out.endswith(f"Remedy: check the name, the VPN and the name server:\n  {expected}\n")


@pytest.mark.parametrize(
    ("system", "programs", "expected"),
    [
        ("linux", HAS_BOTH, "timedatectl set-ntp true"),
        ("linux", frozenset(), "date -u    # then set it; a container and WSL have their host's: wsl --shutdown"),
        ("darwin", HAS_BOTH, "sudo sntp -sS time.apple.com"),
    ],
)
def test_a_clock_is_set_by_what_is_there(
    monkeypatch: pytest.MonkeyPatch, system: str, programs: frozenset[str], expected: str
) -> None:
    from certkit.cli.support.remedies import of_finding
    from certkit.probe import Check

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(shutil, "which", lambda name, **_: name if name in programs else None)
    found = Check("clock-off", "files", "finding", seen="it is 1970", meaning="", fields={})
    assert of_finding(found) == f"set this machine's clock:\n  {expected}"


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root on Linux makes namespaces")
@pytest.mark.skipif(not (shutil.which("unshare") and shutil.which("ip")), reason="unshare and ip are not here")
def test_the_demo_runs_where_there_is_no_second_loopback_address(tmp_path: Path) -> None:
    """As on macOS: 127.0.0.1 alone."""
    bare = "ip link set lo up; ip address flush dev lo; ip address add 127.0.0.1/32 dev lo; ip address add ::1 dev lo"
    script = f'{bare}; exec "$@"'
    command = ["unshare", "--net", "sh", "-c", script, "sh", sys.executable, "-m", "certkit", "demo"]
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("this container lets even root make no namespace")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "127.0.0.2" not in done.stdout
    assert "All is well" in done.stdout
