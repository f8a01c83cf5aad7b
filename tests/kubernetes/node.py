"""The part of a node's kubelet that matters here: it runs the real daemon with the files that a pod's secret holds.

Nothing of a container is around it. Like a kubelet it waits for the secret, reads it once for each pod, says that the
pod is ready, and ends what runs with the pod.
"""

import base64
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from certkit.deploy import FLAVOURS
from tests.daemons.daemon import Daemon, Start
from tests.kubernetes.cluster import Cluster

BUILT = {FLAVOURS["earthly"].reference: "earthly", FLAVOURS["buildkit"].reference: "upstream"}
"""Which daemon of the tests an image stands for."""
_READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
_BETWEEN_LOOKS = 0.2


class Node:
    """Runs the pods of one namespace."""

    def __init__(self, cluster: Cluster, namespace: str, start: Start, folder: Path) -> None:
        self._cluster = cluster
        self._api = f"/api/v1/namespaces/{namespace}"
        self._start = start
        self._folder = folder
        self._runs: dict[str, Daemon] = {}

    def look(self) -> None:
        """End what has no pod any more, and run what has one now and can be run."""
        pods = {pod["metadata"]["uid"]: pod for pod in self._cluster.ask(f"{self._api}/pods")["items"]}
        for gone in self._runs.keys() - pods.keys():
            self._runs.pop(gone).close()
        for new in pods.keys() - self._runs.keys():
            if files := self._mounted(pods[new]):
                self._runs[new] = self._run(pods[new], files)
                name, kind = pods[new]["metadata"]["name"], "application/merge-patch+json"
                self._cluster.ask(f"{self._api}/pods/{name}/status", {"status": _READY}, method="PATCH", kind=kind)

    def _mounted(self, pod: dict[str, Any]) -> dict[str, Path]:
        """Lay the files that a pod mounts, each called as it is below `subPath`; none while its secret is not there."""
        spec, folder = pod["spec"], self._folder / pod["metadata"]["uid"]
        [secret] = [each["secret"]["secretName"] for each in spec["volumes"] if "secret" in each]
        try:
            data = self._cluster.ask(f"{self._api}/secrets/{secret}")["data"]
        except urllib.error.HTTPError:
            return {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = [each["subPath"] for each in spec["containers"][0]["volumeMounts"] if "subPath" in each]
        for name in names:
            (folder / name).write_bytes(base64.b64decode(data[name]))
        return {Path(name).stem: folder / name for name in names}

    def _run(self, pod: dict[str, Any], files: dict[str, Path]) -> Daemon:
        [service] = self._cluster.ask(f"{self._api}/services")["items"]
        port = service["spec"]["ports"][0]["port"]
        return self._start(BUILT[pod["spec"]["containers"][0]["image"]], port=port, **files)


@contextmanager
def working(node: Node) -> Iterator[None]:
    """Have a node look at its pods all the time."""
    over, failures = threading.Event(), []

    def work() -> None:
        while not over.wait(_BETWEEN_LOOKS):
            try:
                node.look()
            except Exception as failure:  # noqa: BLE001  it is raised where the test waits
                failures.append(failure)
                return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if failures:
            raise failures[0]
