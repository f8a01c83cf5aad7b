"""A cluster without nodes: etcd, the API server and its controllers, each as its operator would run it."""

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certkit.pki import keys
from tests.daemons.daemon import free_port
from tests.kubernetes.build import programs

HOST = "127.0.0.1"
TOKEN = "of-the-lead"
CONTROLLERS = (
    "deployment-controller,replicaset-controller,statefulset-controller,disruption-controller,"
    "namespace-controller,serviceaccount-controller,garbage-collector-controller"
)
"""What makes pods and takes them away, and what they need first; the rest would only cost the machine."""
_PATIENCE = 120.0
_ADMISSION = {
    "apiVersion": "apiserver.config.k8s.io/v1",
    "kind": "AdmissionConfiguration",
    "plugins": [
        {
            "name": "PodSecurity",
            "configuration": {
                "apiVersion": "pod-security.admission.config.k8s.io/v1",
                "kind": "PodSecurityConfiguration",
                "defaults": {"enforce": "restricted"},
            },
        }
    ],
}
"""Of a strict cluster: a namespace that says nothing else makes no pod that is more than the least."""
_KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "users": [{"name": "lead", "user": {"token": TOKEN}}],
    "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "lead"}}],
    "current-context": "tests",
}


class Cluster:
    """A running cluster; `kubeconfig` makes its caller the one who may do everything in it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"https://{HOST}:{port}"
        self.programs = programs()
        self.kubeconfig = folder / "kubeconfig"
        self._authority = folder / "apiserver" / "apiserver.crt"
        clusters = [{"name": "tests", "cluster": {"server": self.url, "certificate-authority": str(self._authority)}}]
        self.kubeconfig.write_text(json.dumps(_KUBECONFIG | {"clusters": clusters}))

    def ask(self, path: str, body: object = None, *, method: str = "GET", kind: str = "application/json") -> Any:  # noqa: ANN401  JSON is of any kind
        """Ask the API server as the lead would; raises what urllib does."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=self._authority)) as answer:
            return json.load(answer)

    def is_ready(self) -> bool:
        """Tell whether it serves, and knows its own namespaces."""
        try:
            self.ask("/api/v1/namespaces/default")
        except OSError:  # also an answer that it is not ready
            return False
        return True


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a cluster that keeps everything in a folder."""
    port, store = free_port(HOST), f"http://{HOST}:{free_port(HOST)}"
    cluster = Cluster(folder, port)
    accounts = folder / "accounts.pem"
    key = keys.generate("p256")
    accounts.write_bytes(keys.to_pem(key))
    accounts.with_suffix(".pub").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (folder / "admission.json").write_text(json.dumps(_ADMISSION))
    (folder / "tokens.csv").write_text(f"{TOKEN},lead,lead,system:masters\n")
    commands = {
        "etcd": (
            f"--data-dir={folder}/etcd",
            f"--listen-client-urls={store}",
            f"--advertise-client-urls={store}",
            f"--listen-peer-urls=http://{HOST}:0",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ),
        "kube-apiserver": (
            f"--etcd-servers={store}",
            f"--bind-address={HOST}",
            "--advertise-address=192.0.2.1",  # it would look for a route, and nobody asks it for its address
            "--endpoint-reconciler-type=none",
            f"--secure-port={port}",
            f"--cert-dir={folder}/apiserver",
            f"--token-auth-file={folder}/tokens.csv",
            "--authorization-mode=RBAC",
            "--allow-privileged",
            f"--service-account-key-file={accounts.with_suffix('.pub')}",
            f"--service-account-signing-key-file={accounts}",
            f"--admission-control-config-file={folder}/admission.json",
            f"--service-account-issuer={cluster.url}",
            "--service-cluster-ip-range=10.79.0.0/24",
        ),
        "kube-controller-manager": (
            f"--kubeconfig={cluster.kubeconfig}",
            f"--service-account-private-key-file={accounts}",
            "--secure-port=0",
            f"--controllers={CONTROLLERS}",
            "--leader-elect=false",
        ),
    }
    with ExitStack() as ending:
        for name, options in commands.items():
            log = ending.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [cluster.programs / name, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            ending.callback(process.wait)
            ending.callback(process.kill)  # what it keeps goes with its folder
            if name == "kube-apiserver":
                _wait(cluster, process, folder)
        yield cluster


def _wait(cluster: Cluster, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not cluster.is_ready():
        said = "".join(path.read_text(errors="replace")[-4000:] for path in folder.glob("*.log"))
        assert process.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.1)
