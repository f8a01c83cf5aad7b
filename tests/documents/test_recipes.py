"""What the documents give to be put into other programs' files works there as it stands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from certkit.authority import roster_file
from certkit.cli import main
from tests.environment import put_certkit

ROOT = Path(__file__).parents[2]


def blocks(page: str, kind: str) -> list[str]:
    """Return the blocks of a kind on a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return a PATH on which certkit is a program that writes its arguments to a file."""
    program = tmp_path / "bin" / "certkit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n')
    program.chmod(0o755)
    return f"{program.parent}:/usr/bin:/bin"


def test_the_line_for_a_shell_s_rc_file_probes_in_the_background(tmp_path: Path, path: str) -> None:
    [line] = [block for block in blocks("developer.md", "sh") if "--quiet" in block]
    done = subprocess.run(["sh", "-c", line], env={"PATH": path}, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "called").read_text() == "probe --quiet\n"


def test_the_timers_of_the_documents_are_what_systemd_takes(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here")
    program = tmp_path / "certkit-backup"
    program.touch(0o755)
    for unit in blocks("lead.md", "ini"):
        name, content = re.fullmatch(r"# /etc/systemd/system/(\S+)\n(.*)", unit, re.DOTALL).groups()  # type: ignore[union-attr]
        content = content.replace("User=certkit", "User=root").replace("/usr/local/bin/certkit-backup", str(program))
        (tmp_path / name).write_text(content)
    units = [str(tmp_path / f"certkit-backup.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "certkit" in line]) == (0, [])


def test_the_script_for_timers_makes_a_backup_and_verifies_it(tmp_path: Path) -> None:
    [script] = blocks("lead.md", "sh script")
    assert script.partition("\n")[2].startswith("# /usr/local/bin/certkit-backup\n")
    for place in ("/etc/certkit", "/var/backups/certkit"):
        (tmp_path / place[1:]).mkdir(parents=True)
        script = script.replace(place, str(tmp_path / place[1:]))
    put_certkit(tmp_path)
    (tmp_path / "etc/certkit/backup-passphrase").write_text("violet anchor\n")
    home = str(tmp_path / "home")
    assert main(["init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--home", home]) == 0
    environment = os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin", "CERTKIT_HOME": home}
    command = ["sh", "-e", "-c", script]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    [made] = (tmp_path / "var/backups/certkit").iterdir()
    assert f"{made} is a whole backup of the team acme" in done.stdout


def test_the_steps_for_github_hand_over_one_line_and_enroll_from_it(tmp_path: Path) -> None:
    [issuing] = [block for block in blocks("lead.md", "sh") if "gh secret" in block]
    [step] = [block for block in blocks("lead.md", "yaml") if "secrets." in block]
    for name, content in (
        ("certkit", f'exec {sys.executable} -m certkit "$@"'),
        ("gh", f'[ "$1 $2" = "secret set" ]; cat > {tmp_path}/$3'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh -e\n{content}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "ci-passphrase").write_text("violet anchor\n")
    home, laptop = tmp_path / "lead", tmp_path / "runner"
    assert main(["init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--home", str(home)]) == 0
    environment = os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin", "CERTKIT_HOME": str(home), "HOME": str(laptop)}
    laptop.mkdir()
    subprocess.run(["bash", "-ec", issuing], env=environment, cwd=tmp_path, check=True, capture_output=True)
    bundle, passphrase = ((tmp_path / f"CERTKIT_{name}").read_text() for name in ("BUNDLE", "PASSPHRASE"))
    assert bundle.count("\n") == 1
    secrets = {"BUNDLE": bundle.rstrip(), "PASSPHRASE": passphrase.rstrip()}  # as gh takes them
    run = re.search(r"run: (.*)", step)
    assert run
    done = subprocess.run(
        ["bash", "-c", f"{run[1]} --no-probe"], env=environment | secrets, capture_output=True, text=True, check=True
    )
    assert "Enrolled in acme as ci" in done.stdout


def test_a_lead_who_becomes_the_service_account_writes_files_by_the_shell(tmp_path: Path) -> None:
    alias, commands = [block for block in blocks("lead.md", "sh") if "lead" in block and "useradd" not in block]
    for name, content in (
        ("certkit", f'exec {sys.executable} -m certkit "$@"'),
        ("sudo", f'[ "$1 $2 $3 $4" = "-H -u certkit /usr/local/bin/certkit" ]; shift 4; exec {tmp_path}/certkit "$@"'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh -e\n{content}\n")
        (tmp_path / name).chmod(0o755)
    home = tmp_path / "home"
    assert main(["init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--home", str(home)]) == 0
    environment = os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin", "CERTKIT_HOME": str(home), "HOME": str(tmp_path)}
    script = f"shopt -s expand_aliases\ncertkit enroll --request bob.csr\n{alias}{commands}"
    done = subprocess.run(
        ["bash", "-ec", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].split()[3:5] == ["issue", "bob@acme.example"]
    assert {(tmp_path / name).read_bytes().count(b"\n") for name in ("bob.certkit", "answer.certkit")} == {1}


def test_the_roster_that_is_shown_is_one() -> None:
    [shown] = [block for block in blocks("lead.md", "yaml") if block.startswith("team: ")]
    found = roster_file.parse(shown.encode())
    assert [each.name for each in found.daemons or ()] == ["build", "arm"]
    assert [each.name for each in found.people or ()] == ["alice@acme.example", "ci"]
