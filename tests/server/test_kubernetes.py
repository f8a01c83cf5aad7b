"""The server's manifest makes its pod in the strictest cluster, which waits for a home and is asked what it answers."""

import os
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Lead
from tests.environment import CHECKOUT
from tests.kubernetes.cluster import Cluster
from tests.server.running import serving

MANIFEST = CHECKOUT / "templates" / "server" / "kubernetes.yaml"
API = "/api/v1/namespaces/certkit"


@pytest.fixture
def pod_spec() -> dict[str, Any]:
    """Return what the manifest says of the pod."""
    [found] = [each for each in yaml.safe_load_all(MANIFEST.read_text()) if each["kind"] == "StatefulSet"]
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


@pytest.mark.real
def test_a_strict_cluster_takes_it_without_a_warning_and_makes_the_pod(cluster: Cluster) -> None:
    kubectl = [str(cluster.programs / "kubectl"), f"--kubeconfig={cluster.kubeconfig}"]
    command = [*kubectl, "apply", "--server-side", f"--filename={MANIFEST}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    deadline = time.monotonic() + 120
    while not (pods := cluster.ask(f"{API}/pods")["items"]):
        assert time.monotonic() < deadline, cluster.ask(f"{API}/events")
        time.sleep(0.1)
    assert pods[0]["status"]["qosClass"] == "Burstable"


def test_its_probes_ask_what_the_server_answers_to_whoever_asks(
    lead: Lead, home: Path, pod_spec: dict[str, Any]
) -> None:
    [container] = pod_spec["containers"]
    shown = lead("serve", "--help").out
    assert all(option in shown for option in container["args"] if option.startswith("--"))
    probes = [container[each]["httpGet"] for each in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {each["scheme"] for each in probes} == {"HTTPS"}
    unknown = ssl._create_unverified_context()  # noqa: SLF001  as a kubelet
    with serving(home) as server:
        for each in probes:
            with urllib.request.urlopen(server.url + each["path"], context=unknown) as answer:
                assert answer.status == 200


def test_the_pod_waits_for_a_home_and_then_goes_on(lead: Lead, tmp_path: Path, pod_spec: dict[str, Any]) -> None:
    """The pod's own command, without its pauses."""
    program = tmp_path / "bin" / "certkit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m certkit "$@"\n')
    program.chmod(0o755)
    [*shell, script] = pod_spec["initContainers"][0]["command"]
    environment = os.environ | {"PATH": f"{program.parent}:/usr/bin:/bin"}
    waiting = subprocess.Popen(
        [*shell, script.replace("sleep 2", "sleep 0.1").replace("sleep 5", ":")], env=environment
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
        lead("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372")
        assert waiting.wait(60) == 0
    finally:
        waiting.kill()
