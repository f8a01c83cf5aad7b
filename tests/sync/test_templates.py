"""What a daemon's host needs to sync as a service, read again by what reads it."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Lead, lead
from tests.environment import CHECKOUT

__all__ = ["lead"]

TEMPLATES = CHECKOUT / "templates" / "sync"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "certkit-sync.service"
    unit.write_text((TEMPLATES / "certkit-sync.service").read_text().replace("/opt/certkit/bin/certkit", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert "certkit-sync.service" not in done.stderr, done.stderr


def test_the_compose_file_runs_the_image_s_program_with_options_that_it_has(lead: Lead) -> None:
    found = yaml.safe_load((TEMPLATES / "compose.yaml").read_text())["services"]["sync"]
    *verb, restart, command, deadline, seconds = found["command"]
    shown = lead(*verb, "--help").out
    assert all(option in shown for option in (restart, deadline))
    assert (command, seconds) == ("docker restart buildkitd-build", "1800")
    containerfile = (TEMPLATES / found["build"]["dockerfile"]).read_text()
    [state] = [each for each in found["volumes"] if each.startswith("certkit-host:")]
    assert f"XDG_DATA_HOME={Path(state.partition(':')[2]).parent}\n" in containerfile
