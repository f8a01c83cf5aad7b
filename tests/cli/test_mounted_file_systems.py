"""Real mounts, each in a namespace of its own: a disk that is full, a read-only home, a container that is read-only."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import URL, Lead
from tests.daemons.daemon import Daemon
from tests.team import Files

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root on Linux mounts"),
    pytest.mark.skipif(not shutil.which("unshare"), reason="unshare is not here"),
]


def mounted(mounts: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run certkit where these shell commands have mounted something."""
    command = ["unshare", "--mount", "sh", "-c", f'set -e; {mounts}; exec "$@"', "sh", sys.executable, "-m", "certkit"]
    # What measures coverage would want to write where nothing can be written.
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [*command, *map(str, arguments)],
        env={**own, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare failed" in done.stderr or "mount: " in done.stderr:
        pytest.skip(f"this container lets even root mount nothing: {done.stderr}")
    return done


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return where something is mounted."""
    (tmp_path / "mounted").mkdir()
    return tmp_path / "mounted"


def test_on_a_disk_that_is_full_no_team_is_made_and_nothing_stays(lead: Lead, place: Path) -> None:
    look = f"mount -t tmpfs -o size=32k none {place}"
    done = mounted(look, "init", "--team", "acme", "--daemon", URL, "--home", place / "home")
    assert done.returncode == 1
    what, remedy = done.stderr.splitlines()
    assert what.startswith("certkit: ")
    assert "a defect" not in what
    assert remedy


def test_a_bundle_for_a_disk_that_is_full_names_the_disk_and_the_device(lead: Lead, home: Path, place: Path) -> None:
    full = f"mount -t tmpfs -o size=8k none {place}; head -c 8192 /dev/zero > {place}/full || true"
    done = mounted(full, "issue", "al", "--device", "desk", "--out", place / "al.certkit")
    assert done.returncode == 1
    what, remedy = done.stderr.splitlines()
    assert what == f"certkit: {place}/al.certkit cannot be written: No space left on device"
    assert remedy == (
        f"Free some space on its file system: df -h {place}. "
        "Its device is recorded: then run the same with --device desk"
    )


def test_a_ledger_on_a_disk_that_is_full_names_it_and_nobody_is_let_in(lead: Lead, home: Path, place: Path) -> None:
    fill = f"head -c 4000000 /dev/zero > {place}/full || true"
    full = f"mount -t tmpfs -o size=1m none {place}; cp -a {home} {place}/home; {fill}"
    done = mounted(full, "issue", "al", "--home", place / "home", "--out", "al.certkit")
    assert done.returncode == 1
    what, remedy = done.stderr.splitlines()[-2:]
    assert what.startswith(f"certkit: {place}/home/")
    assert "Free some space" in remedy
    assert not Path("al.certkit").exists()


@pytest.mark.parametrize(
    "change",
    ["revoke al", "backup b --passphrase-file secret", "issue bo --out bo --no-passphrase", "daemon check build"],
)
def test_a_home_on_a_read_only_disk_is_read_and_not_changed(lead: Lead, home: Path, change: str) -> None:
    Path("secret").write_text("violet anchor in the bay")
    Path("secret").chmod(0o600)
    lead("issue", "al", "--out", "al", "--no-passphrase")
    read_only = f"mount --bind {home} {home}; mount -o remount,ro,bind {home}"
    assert mounted(read_only, "status").stdout.startswith("           name")
    done = mounted(read_only, *change.split())
    assert done.returncode == 1
    _, remedy = done.stderr.splitlines()
    assert remedy == f"{home} is mounted read-only: choose another place."


def test_in_a_container_that_is_read_only_the_probe_and_enrolling_work(
    lead: Lead, home: Path, standing: Daemon, alice: Files, tmp_path: Path, place: Path
) -> None:
    lead("issue", "al", "--out", "al.certkit", "--no-passphrase")
    places = [folder for folder in ("/tmp", "/var/tmp", "/dev/shm", str(Path.cwd())) if Path(folder).is_dir()]
    read_only = "; ".join(f"mount --bind {each} {each}; mount -o remount,ro,bind {each}" for each in places)
    named: list[str | Path] = ["--ca", alice.ca, "--cert", alice.cert, "--key", alice.key]
    done = mounted(read_only, "probe", "--daemon", standing.url, *named, TMPDIR="")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "✓ BuildKit" in done.stdout
    writable = f"{read_only}; mount -t tmpfs none {place}"
    done = mounted(writable, "enroll", "al.certkit", "--for", "earthly", "--no-probe", HOME=str(place))
    assert done.returncode == 0, done.stderr
