"""The recipe makes a pod in a strict cluster; each printed step brings new files to it, and leaves no key about."""

import base64
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.kubernetes.conftest import Desk
from tests.daemons.daemon import Start
from tests.kubernetes.node import Node, working

pytestmark = pytest.mark.real

LEVEL = "pod-security.kubernetes.io/enforce: "


@pytest.fixture
def node(desk: Desk, daemon_factory: Start, tmp_path: Path) -> Iterator[None]:
    """Let a node run the daemon's pods, by the real daemon."""
    with working(Node(desk.cluster, desk.service, daemon_factory, tmp_path / "node")):
        yield


def steps(printed: str) -> list[str]:
    """Return the lines to paste for a daemon that needs new files."""
    lines = [line.strip() for line in printed.splitlines() if line.startswith("  ")]
    return [line for line in lines if line.startswith(("(cd ", "kubectl ", "certkit daemon check"))]


@pytest.mark.parametrize("flavour", ["buildkit", "earthly"])
def test_what_is_printed_brings_a_daemon_up_and_each_later_change_to_it(desk: Desk, node: None, flavour: str) -> None:
    for line in desk.add(flavour):
        desk.paste(line)  # the last one proves that the daemon serves the newest files
    [pod] = desk.pods()
    assert pod["status"]["qosClass"] == "Burstable"
    assert pod["spec"]["containers"][0]["securityContext"] == {"privileged": True}

    assert desk.lead("issue", "al", "--out", "al.certkit", "--no-passphrase").code == 0
    changes = (("revoke", "al"), ("daemon", "renew", desk.name), ("rotate", "client", "prepare"))
    for change in changes if flavour == "buildkit" else changes[:1]:
        lines = steps(desk.lead(*change).out)
        assert len(lines) == 3, (change, lines)
        time.sleep(1)  # kubectl refuses to restart a second time within one
        for line in lines:
            desk.paste(line)
    [last] = desk.pods()
    assert last["metadata"]["uid"] != pod["metadata"]["uid"]

    at_once = [line for line in desk.lead("daemon", "deploy", desk.name).out.splitlines() if " delete pod " in line]
    desk.paste(at_once[0].partition(":")[2])
    desk.wait_for(lambda: desk.pods() and desk.pods()[0]["metadata"]["uid"] != last["metadata"]["uid"])
    assert desk.lead("daemon", "check", desk.name, "--wait", "60").code == 0

    desk.wait_for(lambda: desk.pods()[0]["status"]["phase"] == "Running")
    name = f"{desk.service}-0"
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": desk.service}}
    with pytest.raises(urllib.error.HTTPError) as refused:  # a drained node would end the builds
        desk.cluster.ask(f"{desk.api}/pods/{name}/eviction", eviction, method="POST")
    assert refused.value.code == 429


def test_the_key_lies_in_the_secret_and_nowhere_else(desk: Desk, tmp_path: Path) -> None:
    home = tmp_path / "the lead's, a=b"
    desk.lead("init", "--team", "acme", "--daemon", desk.url, "--name", desk.name, "--home", home)
    told = desk.lead("daemon", "deploy", desk.name, "--as", "kubernetes", "--home", home)
    assert told.code == 0
    (tmp_path / "recipe.yaml").write_text(told.out)
    desk.paste(f"kubectl apply --server-side --filename={tmp_path}/recipe.yaml")
    desk.lead("issue", "al", "--out", "al.certkit", "--no-passphrase", "--home", home)
    make, *_ = steps(desk.lead("revoke", "al", "--home", home).out)
    desk.paste(make)
    anchors = home / "daemons" / desk.name / "ca.pem"
    anchors.write_bytes(anchors.read_bytes() + b"#" * 600_000)  # as after many revocations: too much for an annotation
    desk.paste(make)
    secret = desk.cluster.ask(f"{desk.api}/secrets/{desk.service}")
    held = {name: base64.b64decode(each) for name, each in secret["data"].items()}
    assert held == {
        name: (home / "daemons" / desk.name / name).read_bytes() for name in ("ca.pem", "cert.pem", "key.pem")
    }
    assert "annotations" not in secret["metadata"]
    assert secret["data"]["key.pem"] not in str(secret["metadata"])


def test_the_pod_is_made_because_its_namespace_has_the_label(desk: Desk) -> None:
    desk.add("buildkit")
    deploy = f"certkit daemon deploy {desk.name}"
    desk.paste(f"{deploy} | grep -v '{LEVEL}' | kubectl apply --server-side -f -")

    def refusals() -> str:
        return str([each["message"] for each in desk.cluster.ask(f"{desk.api}/events")["items"]])

    desk.wait_for(lambda: "violates PodSecurity" in refusals())
    assert desk.pods() == []
    desk.paste(f"{deploy} | kubectl apply --server-side -f -")
    desk.wait_for(desk.pods)


def test_a_pod_that_never_became_ready_is_replaced_after_new_files(desk: Desk) -> None:
    first, *_ = desk.add("buildkit")
    desk.paste(first)
    desk.wait_for(desk.pods)
    [stuck] = desk.pods()
    desk.paste(f"kubectl --namespace={desk.service} rollout restart statefulset/{desk.service}")
    desk.wait_for(lambda: [each["metadata"]["uid"] for each in desk.pods()] != [stuck["metadata"]["uid"]])


@pytest.mark.parametrize(
    ("service", "is_taken"),
    [("b" * 52, True), ("b" * 53, False), ("7builds", False), ("build.kit", False), ("build_kit", False)],
)
def test_a_name_that_the_cluster_would_not_take_is_refused_before(desk: Desk, service: str, is_taken: bool) -> None:  # noqa: FBT001
    desk.add("buildkit")
    ended = desk.lead("daemon", "deploy", desk.name, "--service", service)
    if is_taken:
        desk.paste(f"certkit daemon deploy {desk.name} | kubectl apply --server-side -f -")
        desk.wait_for(lambda: desk.cluster.ask(f"/api/v1/namespaces/{service}/pods")["items"])
    else:
        assert ended.complaint[:2] == (
            2,
            f"certkit: {service!r} cannot be the name of a namespace and of what is in it",
        )
