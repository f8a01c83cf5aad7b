"""certkit's own wheel, made of this checkout by a real pip, which may fetch what building it takes."""

import subprocess
import sys
from pathlib import Path

from tests.environment import CHECKOUT, INHERITED


def pip(*words: str | Path) -> None:
    """Run pip as the machine has it set up."""
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *words], env=INHERITED, check=True)


def build(folder: Path) -> Path:
    """Build the wheel in a folder, and return it."""
    pip("wheel", "--no-deps", f"--wheel-dir={folder}", CHECKOUT)
    [path] = folder.glob("certkit-*.whl")
    return path
