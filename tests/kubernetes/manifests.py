"""The manifests among the templates, read as YAML."""

from pathlib import Path
from typing import Any

import yaml


def pod_spec(manifest: Path) -> dict[str, Any]:
    """Return what a manifest says of its pods."""
    objects = yaml.safe_load_all(manifest.read_text())
    [found] = [each for each in objects if each["kind"] in {"StatefulSet", "Deployment"}]
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec
