"""A proxy whose clock is off refuses the canary for another reason than its exclusion, and so proves nothing."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.authority.real.fleet import Capture, Fleet, found
from tests.daemons.daemon import HOST, Start, free_port

CONFIGURATION = """
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
frontend proxy
    bind {here} ssl crt {server} ca-file {anchors} verify required alpn h2
    default_backend daemon
backend daemon
    server daemon {there} ssl crt {client} ca-file {authorities} verify required alpn h2
"""

At = Callable[[str], None]


@pytest.fixture
def fleet(tmp_path: Path, daemon_factory: Start) -> Fleet:
    """Found a team whose second daemon is HAProxy, which enters the first one as somebody of the team."""
    fleet = found(tmp_path, daemon_factory, "upstream")
    fleet.enroll(fleet.issue("haproxy inner"))
    return fleet


@pytest.fixture
def proxy_at(fleet: Fleet) -> Iterator[At]:
    """Start HAProxy in front of the daemon, at a time that is so far from the true one: `proxy_at("-20m")`."""
    shim = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if not shutil.which("haproxy") or not shim:
        pytest.skip("HAProxy or libfaketime is not installed: apt-get install haproxy libfaketime")
    address = f"{HOST}:{free_port(HOST)}"
    assert fleet.lead("daemon", "add", "proxy", f"tcp://{address}") == 0
    own, inner = fleet.home / "daemons" / "proxy", fleet.holders["haproxy inner"]
    server, client = fleet.folder / "server.pem", fleet.folder / "client.pem"
    server.write_bytes((own / "cert.pem").read_bytes() + (own / "key.pem").read_bytes())
    client.write_bytes(inner.cert.read_bytes() + inner.key.read_bytes())
    configuration = fleet.folder / "haproxy.cfg"
    configuration.write_text(
        CONFIGURATION.format(
            here=address,
            there=f"{HOST}:{fleet.daemon.port}",
            server=server,
            client=client,
            anchors=own / "ca.pem",
            authorities=inner.ca,
        )
    )
    running: list[subprocess.Popen[bytes]] = []

    def start(shift: str) -> None:
        environment = {"PATH": "/usr/sbin:/usr/bin:/bin", "LD_PRELOAD": str(shim), "FAKETIME": shift}
        running.append(subprocess.Popen(["haproxy", "-db", "-f", str(configuration)], env=environment))

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.parametrize("shift", ["-20m", "+20m"])
def test_a_proxy_whose_clock_is_off_is_not_proven(fleet: Fleet, proxy_at: At, capsys: Capture, shift: str) -> None:
    proxy_at(shift)
    capsys.readouterr()
    assert fleet.lead("daemon", "check", "proxy", "--wait", "2", "--json") == 3
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "not-determined"
    assert "control-refused" in json.dumps(said)


def test_a_proxy_whose_clock_is_right_is_proven(fleet: Fleet, proxy_at: At) -> None:
    proxy_at("+0")
    assert fleet.lead("daemon", "check", "proxy", "--wait", "20") == 0
