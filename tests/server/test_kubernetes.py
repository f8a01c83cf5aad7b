"""The server's manifests make their pods in a strict cluster, of what a home holds, and are asked what they answer."""

import base64
import os
import re
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from certkit.pki import keys
from tests.cli.conftest import ALICE, URL, Lead
from tests.environment import CHECKOUT, put_certkit
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.manifests import pod_spec
from tests.postgres.server import Server as Database
from tests.server.running import Caller, serving

TEMPLATES = CHECKOUT / "templates" / "server"
ONE, REPLICAS = TEMPLATES / "kubernetes.yaml", TEMPLATES / "kubernetes-replicas.yaml"
API = "/api/v1/namespaces/certkit"
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def paste(cluster: Cluster, line: str) -> None:
    """Run a line of a manifest's first ones; whatever is said on standard error, a warning too, is a failure."""
    path = f"{cluster.programs}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "KUBECONFIG": str(cluster.kubeconfig)}
    command = ["bash", "-o", "pipefail", "-c", line]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def pods(cluster: Cluster, owner: str, count: int) -> list[Any]:
    """Wait for the pods that a controller makes, and return them."""
    deadline = time.monotonic() + 120
    while True:
        all_pods = cluster.ask(f"{API}/pods")["items"]
        found = [each for each in all_pods if each["metadata"]["ownerReferences"][0]["kind"] == owner]
        if len(found) == count:
            return found
        assert time.monotonic() < deadline, cluster.ask(f"{API}/events")
        time.sleep(0.1)


def evict(cluster: Cluster, pod: Any) -> int:  # noqa: ANN401  JSON is of any kind
    """Ask for a pod's place, as a drained node does; return the status of the answer."""
    name = pod["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "certkit"}}
    try:
        cluster.ask(f"{API}/pods/{name}/eviction", eviction, method="POST")
    except urllib.error.HTTPError as refused:
        return refused.code
    return 200


def printed_line(manifest: Path, beginning: str) -> str:
    """Return a command of a manifest's first lines, with the lines on which it goes on."""
    text = re.sub(r"\\\n# *", "", manifest.read_text())
    found = re.search(rf"^# *({re.escape(beginning)}.*)$", text, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.real
def test_a_strict_cluster_takes_the_one_without_a_warning_and_makes_its_pod(cluster: Cluster) -> None:
    paste(cluster, f"kubectl apply --server-side --filename={ONE}")
    [pod] = pods(cluster, "StatefulSet", 1)
    assert pod["status"]["qosClass"] == "Burstable"
    paste(cluster, "kubectl --namespace=certkit delete statefulset/certkit")


@pytest.mark.real
def test_replicas_have_their_home_from_the_secret_and_one_at_a_time_may_go(
    lead: Lead, cluster: Cluster, postgres: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, home = postgres.new_url(), tmp_path / "home"
    monkeypatch.setenv("CERTKIT_LEDGER", ledger)
    assert lead("init", "--team", "acme", "--daemon", URL).code == 0
    paste(cluster, f"kubectl apply --server-side --filename={REPLICAS}")
    (tmp_path / "pgpass").write_text("*:*:*:certkit:violet anchor\n")
    secret = printed_line(REPLICAS, "tar -C HOME").replace("HOME", str(home))
    paste(cluster, secret.replace(" --dry-run", f" --from-file=pgpass={tmp_path}/pgpass --dry-run"))
    found = cluster.ask(f"{API}/secrets/certkit-home")
    assert "annotations" not in found["metadata"]

    container, spec = tmp_path / "container", pod_spec(REPLICAS)
    for folder in ("run/home", "var/lib/certkit"):
        (container / folder).mkdir(parents=True)
    for name, content in found["data"].items():
        (container / "run/home" / name).write_bytes(base64.b64decode(content))
    [making] = spec["initContainers"]
    script = making["args"][0].replace("/run/home", f"{container}/run/home")
    subprocess.run([*making["command"], script], cwd=f"{container}{making['workingDir']}", check=True)
    made = [each for each in (container / "var/lib/certkit").rglob("*") if not each.is_symlink()]
    assert {each.name for each in made} >= {"team.yml", "key.pem", "pgpass"}
    assert not [each for each in made if each.stat().st_mode & 0o077]  # libpq would not read its file
    with serving(container / "var/lib/certkit/home") as server:
        password = lead("invite", ALICE, "--json").data["password"]  # by the lead, at a home of their own
        assert Caller(server).enroll(password, keys.generate("p256")).status == 200

    for pod in pods(cluster, "ReplicaSet", 3):
        status, kind = f"{API}/pods/{pod['metadata']['name']}/status", "application/merge-patch+json"
        cluster.ask(status, {"status": READY}, method="PATCH", kind=kind)
    paste(cluster, "kubectl --namespace=certkit rollout status deployment/certkit --timeout=120s")
    first, second, _ = pods(cluster, "ReplicaSet", 3)
    budget = "/apis/policy/v1/namespaces/certkit/poddisruptionbudgets/certkit"
    deadline = time.monotonic() + 120
    while cluster.ask(budget)["status"]["disruptionsAllowed"] != 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [evict(cluster, first), evict(cluster, second)] == [200, 429]
    paste(cluster, "kubectl --namespace=certkit delete deployment/certkit")


@pytest.mark.parametrize("manifest", [ONE, REPLICAS])
def test_the_probes_ask_what_the_server_answers_to_whoever_asks(lead: Lead, home: Path, manifest: Path) -> None:
    [container] = pod_spec(manifest)["containers"]
    shown = lead("serve", "--help").out
    assert all(option in shown for option in container["args"] if option.startswith("--"))
    probes = [container[each]["httpGet"] for each in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {each["scheme"] for each in probes} == {"HTTPS"}
    unknown = ssl._create_unverified_context()  # noqa: SLF001  as a kubelet
    with serving(home) as server:
        for each in probes:
            with urllib.request.urlopen(server.url + each["path"], context=unknown) as answer:
                assert answer.status == 200


def test_the_pod_waits_for_a_home_and_then_goes_on(lead: Lead, tmp_path: Path) -> None:
    """The pod's own command, without its pauses."""
    tools = put_certkit(tmp_path / "bin")
    [*shell, script] = pod_spec(ONE)["initContainers"][0]["command"]
    environment = os.environ | {"PATH": f"{tools}:/usr/bin:/bin"}
    waiting = subprocess.Popen(
        [*shell, script.replace("sleep 2", "sleep 0.1").replace("sleep 5", ":")], env=environment
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
        lead("init", "--team", "acme", "--daemon", URL)
        assert waiting.wait(60) == 0
    finally:
        waiting.kill()
