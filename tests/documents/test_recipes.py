"""What the documents give to be put into other programs' files works there as it stands."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def blocks(page: str, kind: str) -> list[str]:
    """Return the blocks of a kind on a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return a PATH on which certkit is a program that writes its arguments to a file."""
    program = tmp_path / "bin" / "certkit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n')
    program.chmod(0o755)
    return f"{program.parent}:/usr/bin:/bin"


def test_the_line_for_a_shell_s_rc_file_probes_in_the_background(tmp_path: Path, path: str) -> None:
    [line] = [block for block in blocks("developer.md", "sh") if "--quiet" in block]
    done = subprocess.run(["sh", "-c", line], env={"PATH": path}, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "called").read_text() == "probe --quiet\n"
