"""Real daemons whose hosts sync: a revocation reaches them, kills no build, and lets nobody in who should not be."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from certkit.enroll.bundle import open_bundle
from certkit.pki import certificates
from tests.cli.conftest import ALICE, Lead
from tests.daemons.build import Programs
from tests.daemons.daemon import Start
from tests.kubernetes.manifests import pod_spec
from tests.patience import eventually
from tests.sync.conftest import Found, Team
from tests.sync.test_templates import MANIFEST
from tests.team import Files
from tests.trust.people import SERVED, Pair, answer

BOB = "bob@acme.example"
BAD_CERTIFICATE, UNKNOWN_CA = 42, 48
LARGE = 8 * 1024 * 1024
"""Bytes of an output that no pipe holds: a build that exports it goes on until somebody reads."""


def holder(lead: Lead, folder: Path, person: str) -> Files:
    """Issue a certificate for somebody, and put their three files into a folder."""
    lead("issue", person, "--no-passphrase", "--out", f"{person}.certkit")
    folder = folder / person
    folder.mkdir()
    for name, content in open_bundle(Path(f"{person}.certkit").read_bytes(), str).files().items():
        (folder / name).write_bytes(content)
    return Files.of(folder)


def shown(team: Team, certificate: str, key: str) -> Files:
    """Return what the host shows, beside the authorities that it believes."""
    known = team.state / "build"
    return Files(known / "ca.pem", known / certificate, known / key)


def told(port: int, files: Files) -> int | str:
    """Say what a daemon answers to somebody."""
    return answer(port, Pair(certificates.load(files.cert.read_bytes()), files.cert, files.key), files.ca)


@contextlib.contextmanager
def following(team: Team) -> Iterator["subprocess.Popen[str]"]:
    """Let the host follow the news, as its service does."""
    command = [sys.executable, "-m", "certkit", "daemon", "sync", "--interval", "20", "--json"]
    options = ["--restart-command", str(team.machine.restart), "--deadline", "600"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.terminate()
        print(process.communicate()[0])


@contextlib.contextmanager
def pod(team: Team) -> Iterator[None]:
    """Run the daemon and what syncs as the manifest has them in one pod: they see each other's processes alone.

    Whatever ends is started again, as the kubelet does it, and each start is a line in `starts`.
    """
    starts, log = team.folder / "starts", team.folder / "log"
    [_, sync] = pod_spec(MANIFEST)["containers"]
    daemon = f"(while :; do echo start >> {starts}; {team.machine.command}; sleep 0.1; done) >> {log} 2>&1 &"
    script = f'{daemon} while ! grep -q "running server on" {log}; do sleep 0.05; done; exec "$@"'
    alone = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    command = [*alone, "sh", "-c", script, "sh", sys.executable, "-m", "certkit", *sync["args"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            eventually(lambda: starts.exists() and team.daemon()["proven"] == 1)
            yield
        finally:
            process.kill()
            print(process.communicate()[0], log.read_text())


@contextlib.contextmanager
def building(folder: Path, programs: Programs | None, url: str, files: Files) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a real build that goes on until its output is read."""
    assert programs
    source = folder / "source"
    source.mkdir()
    (source / "Dockerfile").write_text("FROM scratch\nCOPY large /large\n")
    (source / "large").write_bytes(os.urandom(LARGE))
    client = [str(programs.buildctl), f"--addr={url}"]
    what = [
        "build",
        "--frontend=dockerfile.v0",
        f"--local=context={source}",
        f"--local=dockerfile={source}",
        "--output=type=tar",
    ]
    flags = [f"--tlscacert={files.ca}", f"--tlscert={files.cert}", f"--tlskey={files.key}"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    process = subprocess.Popen(
        [*client, *flags, *what], bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def outcome(team: Team) -> object:
    """Return what the host has said last."""
    sync = team.daemon()["sync"]
    return sync["outcome"] if isinstance(sync, dict) else None


def revoke_during_a_build(team: Team, builder: Files, is_as_before: Callable[[], bool]) -> None:
    """Revoke Alice while somebody builds: the daemon is as before until that has ended well, and then proven."""
    with building(team.folder, team.machine.programs, team.machine.url, builder) as build:
        assert build.stdout
        begun = build.stdout.read(1)
        assert begun, build.stderr and build.stderr.read()
        team.lead("revoke", ALICE)
        eventually(lambda: outcome(team) == "waiting")
        assert is_as_before()
        archive, said = build.communicate()
        assert (build.returncode, len(archive) > LARGE) == (0, True), said
        eventually(lambda: team.daemon()["proven"] == 2)


def test_a_revocation_waits_for_a_build_and_then_shuts_out(
    real_daemons: None, found: Found, flavour: str, daemon_factory: Start
) -> None:
    team = found(flavour)
    assert team.enroll().code == 0
    assert team.sync().code == 0
    alice, bob = (holder(team.lead, team.folder, each) for each in (ALICE, BOB))
    port = team.machine.daemon.port
    assert told(port, alice) == SERVED
    with following(team):
        revoke_during_a_build(team, bob, lambda: (team.machine.restarts, told(port, alice)) == (1, SERVED))
    assert team.machine.restarts == 2
    assert told(port, alice) == BAD_CERTIFICATE
    assert told(port, bob) == SERVED
    assert team.lead("daemon", "check", "build").code == 0
    identity, watcher = shown(team, "cert.pem", "key.pem"), shown(team, "watcher.pem", "watcher-key.pem")
    assert told(port, identity) == UNKNOWN_CA
    assert told(port, watcher) == SERVED
    another = daemon_factory(flavour, ca=others(team), cert=team.machine.files / "cert.pem", key=key(team))
    assert [told(another.port, each) for each in (identity, watcher, bob)] == [
        UNKNOWN_CA,
        UNKNOWN_CA,
        SERVED,
    ]


def test_in_a_pod_the_daemon_is_ended_when_nobody_builds_and_comes_back_with_the_new_files(
    real_daemons: None, found: Found, flavour: str
) -> None:
    team = found(flavour)
    assert team.enroll().code == 0
    team.lead("daemon", "sync", "build", "--once")
    alice, bob = (holder(team.lead, team.folder, each) for each in (ALICE, BOB))
    port = team.machine.daemon.port
    with pod(team):
        assert told(port, alice) == SERVED
        before = (team.folder / "starts").read_text()
        revoke_during_a_build(team, bob, lambda: (team.folder / "starts").read_text() == before)
        assert (team.folder / "starts").read_text() == f"{before}start\n"
        assert told(port, alice) == BAD_CERTIFICATE
        assert told(port, bob) == SERVED


def others(team: Team) -> Path:
    """Return what every other daemon of the team is told to trust."""
    own = (team.state / "build" / "watcher.pem").read_bytes()
    plain = team.folder / "others.pem"
    plain.write_bytes((team.machine.files / "ca.pem").read_bytes().replace(own, b""))
    return plain


def key(team: Team) -> Path:
    """Return the daemon's key."""
    return team.machine.files / "key.pem"
