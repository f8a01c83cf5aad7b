"""What a daemon's host needs to sync as a service, read again by what reads it."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Lead, lead
from tests.environment import CHECKOUT, put_certkit
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.manifests import pod_spec
from tests.sync.conftest import Team

__all__ = ["lead"]

TEMPLATES = CHECKOUT / "templates" / "sync"
MANIFEST = TEMPLATES / "kubernetes.yaml"


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


def test_the_pod_enrolls_once_and_starts_with_the_files_that_are_there_while_the_server_is_away(
    team: Team, tmp_path: Path
) -> None:
    tools = put_certkit(tmp_path / "bin")
    [enrolling] = pod_spec(MANIFEST)["initContainers"]
    *shell, script = enrolling["command"]
    code = tmp_path / "code"
    code.write_text(team.lead("invite", "--daemon", "build", "--json").data["code"])
    places = {"/var/lib/certkit-host/build": team.state / "build", "/run/code/code": code}
    for former, place in (places | {"/etc/buildkit-certs": team.machine.files}).items():
        assert former in script
        script = script.replace(former, str(place))
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}

    def started() -> int:
        return subprocess.run([*shell, script], env=environment, capture_output=True, check=False).returncode

    assert started() == 0
    assert {path.name for path in team.machine.files.glob("*.pem")} == {"ca.pem", "crl.pem", "cert.pem", "key.pem"}
    identity = (team.state / "build" / "cert.pem").read_bytes()
    assert started() == 0
    assert (team.state / "build" / "cert.pem").read_bytes() == identity  # the code is used, and not used again
    code.write_text(team.lead("invite", "--daemon", "build", "--json").data["code"])
    assert started() == 0
    assert (team.state / "build" / "cert.pem").read_bytes() != identity
    team.server.stop()
    assert started() == 0
    shutil.rmtree(team.state)
    assert started() == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the pod is on Linux, as /proc is")
def test_the_pod_s_restart_command_ends_the_daemon_and_nothing_else(lead: Lead, tmp_path: Path) -> None:
    [daemon, sync] = pod_spec(MANIFEST)["containers"]
    *_, option, command = sync["args"]
    shown = lead(*sync["args"][:2], "--help").out
    assert all(each.partition("=")[0] in shown for each in sync["args"] if each.startswith("--"))
    assert option == "--restart-command"
    assert daemon["name"] in command
    name = f"bkd{os.getpid()}"  # other tests have daemons of the real name
    shutil.copy(shutil.which("sleep") or "", tmp_path / name)
    shutil.copy(shutil.which("sleep") or "", tmp_path / f"{name}-2")
    with (
        subprocess.Popen([tmp_path / name, "600"]) as ending,
        subprocess.Popen([tmp_path / f"{name}-2", "600"]) as other,
    ):
        for each in (ending, other):
            while not Path(f"/proc/{each.pid}/comm").read_text().startswith("bkd"):
                time.sleep(0.01)
        restart = command.replace("buildkitd", name)
        assert subprocess.run(["sh", "-c", restart], check=False).returncode == 0
        assert ending.wait(60) == -15
        assert other.poll() is None
        assert subprocess.run(["sh", "-c", restart], check=False).returncode == 0  # it is just being started
        other.kill()


@pytest.mark.real
def test_a_strict_cluster_takes_the_manifest_without_a_warning_and_makes_the_pod(cluster: Cluster) -> None:
    kubectl: list[str | Path] = [cluster.programs / "kubectl", f"--kubeconfig={cluster.kubeconfig}"]
    applied = [*kubectl, "apply", "--server-side", f"--filename={MANIFEST}"]
    done = subprocess.run(applied, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    deadline = time.monotonic() + 120
    while not (pods := cluster.ask("/api/v1/namespaces/buildkitd/pods")["items"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [each["metadata"]["name"] for each in pods] == ["buildkitd-0"]
    subprocess.run([*kubectl, "delete", "namespace", "buildkitd", "--wait=false"], check=True, capture_output=True)
