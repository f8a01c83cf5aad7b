"""`sudo certkit enroll`: everything happens as the user, who may have planted links into root's reach."""

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from certkit import files
from certkit.cli import main
from tests.team import PERSON, Team, at, run

USER, GROUP = 4242, 4243
SECRET = "correct-kettle-violet-anchor-mango-seven"
Captured = pytest.CaptureFixture[str]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@dataclass(frozen=True)
class Machine:
    """Two users: root, and Mallory, who runs certkit by sudo."""

    place: Path

    @property
    def home(self) -> Path:
        """Mallory's home folder."""
        return self.place / "mallory"

    @property
    def root(self) -> Path:
        """A folder that is root's alone."""
        return self.place / "root"

    @property
    def data(self) -> Path:
        """Where certkit keeps Mallory's things."""
        return self.home / ".local" / "share" / "certkit-laptop"

    def plant(self, link: Path, target: Path) -> None:
        """Let Mallory make a symbolic link in a folder of their own."""
        with files.acting_as((USER, GROUP)):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)

    def owners_below(self, folder: Path) -> set[tuple[int, int]]:
        """Return the owners of all that lies in a folder."""
        return {(found.lstat().st_uid, found.lstat().st_gid) for found in folder.rglob("*")}


@pytest.fixture(params=["kept", "reset"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """Return a machine on which sudo keeps HOME, and one on which it does not, with a bundle that all can read."""
    with TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        machine.place.chmod(0o755)
        machine.root.mkdir(mode=0o700)
        (machine.home / ".earthly").mkdir(parents=True)
        for path in (machine.home, machine.home / ".earthly"):
            os.chown(path, USER, GROUP)
        mallory = pwd.struct_passwd(("mallory", "x", USER, GROUP, "", str(machine.home), "/bin/sh"))
        find = pwd.getpwnam
        with at(Team(machine.root)), pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(pwd, "getpwnam", lambda name: mallory if name == "mallory" else find(name))
            monkeypatch.setenv("SUDO_USER", "mallory")
            monkeypatch.setenv("HOME", str(machine.home if request.param == "kept" else machine.root))
            monkeypatch.chdir(machine.place)
            (machine.root / "secret").write_text(SECRET)
            run("init", "--team", "acme", "--daemon", "tcp://127.0.0.2:1", "--name", "build")
            for name in ("alice.certkit", "root/alice.certkit"):
                run("issue", PERSON, "--out", name, "--passphrase-file", "root/secret")
            Path("alice.certkit").chmod(0o644)
            yield machine
            assert (os.geteuid(), os.getegid()) == (0, os.getgid())


def enroll(*arguments: str, file: str = "alice.certkit", probe: bool = False) -> int:
    more = [] if probe else ["--no-probe"]
    return main(["enroll", file, "--passphrase-file", "root/secret", *more, *arguments])


def test_all_is_the_users_and_lies_in_the_users_home(machine: Machine) -> None:
    assert enroll("--for", "earthly", "--for", "buildctl") == 0
    assert (machine.data / "clients" / "acme" / "build" / "key.pem").exists()
    assert machine.owners_below(machine.home) == {(USER, GROUP)}
    keys = list(machine.home.rglob("key.pem"))
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert not list(machine.root.rglob("clients"))
    assert main(["unenroll"]) == 0
    assert not list(machine.home.rglob("key.pem"))


def test_a_request_and_its_key_are_the_users_and_the_answer_finds_it(machine: Machine) -> None:
    out = machine.home / "mallory.csr"
    assert main(["enroll", "--request", str(out)]) == 0
    [waiting] = (machine.data / "requests").glob("*.pem")
    assert stat.S_IMODE(waiting.stat().st_mode) == 0o600
    assert machine.owners_below(machine.home) == {(USER, GROUP)}
    run("sign", str(out), "--person", "mallory", "--out", "answer.certkit")
    Path("answer.certkit").chmod(0o644)
    assert main(["enroll", "answer.certkit", "--no-probe", "--for", "earthly"]) == 0
    assert not waiting.exists()
    assert machine.owners_below(machine.home) == {(USER, GROUP)}


@pytest.mark.parametrize("planted", [".local", ".local/share/certkit-laptop", ".local/share/certkit-laptop/clients"])
def test_no_file_of_the_flag_clients_is_made_through_a_planted_link(
    machine: Machine, capsys: Captured, planted: str
) -> None:
    target = machine.root / "target"
    target.mkdir()
    machine.plant(machine.home / planted, target)
    assert enroll("--for", "buildctl") == 1
    assert "Permission denied" in capsys.readouterr().err
    assert not list(target.rglob("*"))


def test_no_request_is_made_through_a_planted_link(machine: Machine, capsys: Captured) -> None:
    target = machine.root / "target"
    target.mkdir()
    machine.plant(machine.home / ".local", target)
    assert main(["enroll", "--request", str(machine.home / "mallory.csr")]) == 1
    assert not list(target.rglob("*"))
    assert not (machine.home / "mallory.csr").exists()


def test_no_request_is_written_where_the_user_may_not_write(machine: Machine, capsys: Captured) -> None:
    machine.plant(machine.home / "desk", machine.root)
    assert main(["enroll", "--request", str(machine.home / "desk" / "mallory.csr")]) == 1
    assert "Permission denied" in capsys.readouterr().err
    assert not list(machine.place.rglob("mallory.csr"))
    assert not list(machine.home.rglob("requests/*.pem"))


def test_no_bundle_of_roots_is_read_through_a_planted_link(machine: Machine, capsys: Captured) -> None:
    machine.plant(machine.home / "bundle", machine.root / "alice.certkit")
    assert enroll(file=str(machine.home / "bundle")) == 1
    assert "cannot be read: Permission denied" in capsys.readouterr().err
    assert not list(machine.home.rglob("key.pem"))


def test_nothing_of_roots_is_removed_through_a_planted_link(machine: Machine) -> None:
    assert enroll("--for", "buildctl") == 0
    target = machine.root / "target"
    (target / "build").mkdir(parents=True)
    (target / "build" / "key.pem").write_text("root's")
    clients = machine.data / "clients" / "acme"
    clients.rename(clients.with_name("moved"))
    machine.plant(clients, target)
    main(["unenroll", "--team", "acme"])
    assert (target / "build" / "key.pem").exists()


@pytest.mark.parametrize("client", ["earthly", "buildctl"])
def test_the_closing_probe_reads_as_the_user(
    machine: Machine, capsys: Captured, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    seen: list[int] = []
    read = files.read

    def watched(path: Path, *, limit: int = files.READ_LIMIT, pipes: bool = False) -> bytes:
        if path.is_relative_to(machine.home):
            seen.append(os.geteuid())
        return read(path, limit=limit, pipes=pipes)

    monkeypatch.setattr(files, "read", watched)
    assert enroll("--for", client, probe=True) == 3
    assert "nobody-listening" in capsys.readouterr().out
    assert set(seen) == {USER}
    seen.clear()
    assert main(["probe", "--for", client]) == 3
    assert set(seen) == {USER}
