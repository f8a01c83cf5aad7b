"""Builds Kubernetes' API server, its controllers, kubectl and etcd from their Go modules, once."""

from pathlib import Path

from tests.daemons.build import CannotBuild, built, place

MODULE = Path(__file__).parent / "programs"
COMMANDS = (
    "k8s.io/kubernetes/cmd/kube-apiserver",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    "k8s.io/kubernetes/cmd/kubectl",
    "./etcd",
)


def programs() -> Path:
    """Return the folder of the four programs; raise CannotBuild where nobody has built them."""
    folder = place("kubernetes", MODULE)
    if not folder.exists():
        raise CannotBuild("Kubernetes' API server is not built: make kubernetes")
    return folder


if __name__ == "__main__":
    print("Kubernetes' API server, built once: this takes minutes …", flush=True)
    built("kubernetes", MODULE, COMMANDS)
