"""Makes an environment of the oldest versions that pyproject.toml allows: `python -m tests.packaging.floors FOLDER`."""

import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement

CHECKOUT = Path(__file__).parents[2]
TOOLS = ("pytest", "pytest-xdist", "hypothesis", "jsonschema", "pkilint")
"""What the unit tier imports; grpcio-tools is not among them, for it wants the newest protobuf."""


def floors(requirements: Iterable[str]) -> list[str]:
    """Return requirements of this machine's kind with each lower bound as the one version that is good."""
    return [re.sub(r">=([\w.]+).*", r"==\1", each) for each in requirements if is_for_this_machine(each)]


def is_for_this_machine(requirement: str) -> bool:
    """Tell whether a requirement counts here: Intel Macs have some of their own."""
    marker = Requirement(requirement).marker
    return marker is None or marker.evaluate()


def main(folder: Path) -> None:
    """Make the environment, and show what is in it."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    tools = [tool for tool in project["dependency-groups"]["dev"] if re.split(r"[^\w-]", tool)[0] in TOOLS]
    venv.create(folder, clear=True)
    optional = project["project"]["optional-dependencies"].values()
    required = [*project["project"]["dependencies"], *chain.from_iterable(optional)]
    pip = [sys.executable, "-m", "pip", f"--python={folder / 'bin' / 'python'}", "--quiet"]
    subprocess.run([*pip, "install", "--editable", CHECKOUT, *floors(required), *tools], check=True)
    subprocess.run([*pip, "freeze", "--exclude-editable"], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
