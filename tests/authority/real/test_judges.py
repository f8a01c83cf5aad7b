"""OpenSSL, by the files in a daemon's folder, and HAProxy, by certkit's configuration, agree with the real daemon."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.authority.real.fleet import Capture, Fleet, found
from tests.daemons.daemon import HOST, Start, free_port
from tests.trust.people import SERVED

PATIENCE = 20.0
PROXY = "proxy host"
PEOPLE = ["al.team laptop", "al.team desk", "pal.team laptop", "bo laptop", "bo desk", "cy laptop", "dee laptop"]


class Host:
    """A daemon's host on which HAProxy stands before the daemon, as `daemon deploy --as haproxy` has it."""

    def __init__(self, folder: Path, factory: Start, flavour: str, capture: Capture) -> None:
        self.certs, self.capture = folder / "certs", capture
        self.port, socket = free_port(HOST), folder / "buildkitd.sock"
        self.fleet = found(folder, factory, flavour, port=self.port, extra=(f"--addr=unix://{socket}",))
        self.places = {
            "    user haproxy\n    group haproxy\n": "",  # the tests' folders are root's alone
            "127.0.0.1:18372": f"{HOST}:{self.fleet.daemon.port}",
            "/run/buildkit/buildkitd.sock": str(socket),
        }
        self.flavour = "buildkit" if flavour == "upstream" else flavour
        self.haproxy: subprocess.Popen[bytes] | None = None

    def take_up(self) -> None:
        """Copy what the lead's home has for this host, restart the daemon, and let HAProxy load it anew."""
        own, mounted = self.fleet.holders[PROXY], self.fleet.home / "daemons" / "build"
        self.certs.mkdir(exist_ok=True)
        for name in ("ca.pem", "crl.pem", "cert.pem", "key.pem"):
            shutil.copy(mounted / name, self.certs)
        if not self.haproxy:
            (self.certs / "cert.pem.key").symlink_to("key.pem")
        (self.certs / "client.pem").write_bytes(own.cert.read_bytes() + own.key.read_bytes())
        shutil.copy(own.ca, self.certs / "server-ca.pem")
        self.fleet.daemon.restart()
        if self.haproxy:
            self.haproxy.send_signal(signal.SIGUSR2)
        else:
            self.haproxy = subprocess.Popen(["haproxy", "-W", "-db", "-f", self._configuration()])

    def _configuration(self) -> Path:
        self.capture.readouterr()
        deploy = ("daemon", "deploy", "build", "--as", "haproxy", "--flavour", self.flavour, "--certs", self.certs)
        assert self.fleet.lead(*deploy) == 0
        rendered = self.capture.readouterr().out
        for text, place in self.places.items():
            rendered = rendered.replace(text, place)
        path = self.certs / "haproxy.cfg"
        path.write_text(rendered)
        return path


@pytest.fixture
def host(tmp_path: Path, daemon_factory: Start, flavour: str, capsys: Capture) -> Iterator[Host]:
    """Return a host with a team of people whose names are alike."""
    if not shutil.which("haproxy"):
        pytest.skip("HAProxy is not installed")
    host = Host(tmp_path, daemon_factory, flavour, capsys)
    host.fleet.enroll(host.fleet.issue(*PEOPLE, PROXY))
    yield host
    if host.haproxy:
        host.haproxy.kill()
        host.haproxy.wait()


def expect_in(host: Host, *welcome: str) -> None:
    """All judges let these in and nobody else."""
    fleet = host.fleet
    assert served(fleet.answers()) == set(welcome)
    ca, crl = host.certs / "ca.pem", host.certs / "crl.pem"
    judges = {
        "anchors": ("-CAfile", ca),
        "anchors and lists": ("-CAfile", ca, "-crl_check", "-CRLfile", crl),
        "lists": ("-CAfile", plain_authorities(fleet), "-crl_check", "-CRLfile", crl),
    }
    for name, options in judges.items():
        assert {who for who in fleet.holders if openssl(fleet, who, *options)} == set(welcome), name
    assert fleet.lead("daemon", "check", "build", "--wait", str(PATIENCE)) == 0  # by its URL, so HAProxy itself
    assert served(fleet.answers(host.port)) == set(welcome)


def served(answers: dict[str, int | str]) -> set[str]:
    return {who for who, answer in answers.items() if answer == SERVED}


def openssl(fleet: Fleet, who: str, *options: str | Path) -> bool:
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", *options, fleet.holders[who].cert]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def plain_authorities(fleet: Fleet) -> Path:
    """Return the authorities that are trusted now, without anybody excluded: those that have a list."""
    listed = (fleet.home / "daemons" / "build" / "crl.pem").read_text().count("BEGIN X509 CRL")
    found = sorted((fleet.home / "authorities").glob("client-*/cert.pem"))[-listed:]
    plain = fleet.folder / "plain.pem"
    plain.write_bytes(b"".join(each.read_bytes() for each in found))
    return plain


def test_everyone_judges_alike_through_revocations_and_a_rotation(host: Host) -> None:
    fleet = host.fleet
    host.take_up()
    expect_in(host, *PEOPLE, PROXY)

    assert fleet.lead("revoke", "al.team", "--reason", "affiliationChanged") == 0
    assert fleet.lead("revoke", "bo", "--device", "laptop", "--reason", "keyCompromise") == 0
    host.take_up()
    expect_in(host, "pal.team laptop", "bo desk", "cy laptop", "dee laptop", PROXY)

    fleet.rotate("client", "prepare")
    host.take_up()
    expect_in(host, "pal.team laptop", "bo desk", "cy laptop", "dee laptop", PROXY)
    fleet.rotate("client", "switch")
    fleet.enroll(fleet.issue("cy laptop", "bo desk", PROXY))
    assert fleet.lead("revoke", "cy") == 0
    assert fleet.lead("revoke", "dee", "--reason", "certificateHold") == 0
    host.take_up()
    expect_in(host, "pal.team laptop", "bo desk", PROXY)

    assert fleet.lead("reinstate", "dee") == 0
    fleet.enroll(fleet.issue("pal.team laptop", "dee laptop"))
    fleet.rotate("client", "retire")
    host.take_up()
    expect_in(host, "pal.team laptop", "bo desk", "dee laptop", PROXY)
