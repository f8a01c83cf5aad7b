"""make chooses an interpreter, and says so before it makes anything where there is none that is good."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.environment import CHECKOUT

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")

OLD = """#!/bin/sh
case "$2" in *print*) echo "3.9.6 /usr";; *) exit 1;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a folder with what make reads, and an interpreter that is too old."""
    for name in ("Makefile", "pyproject.toml", "requirements-dev.txt"):
        shutil.copy(CHECKOUT / name, tmp_path)
    (tmp_path / "old").write_text(OLD)
    (tmp_path / "old").chmod(0o755)
    return tmp_path


def make(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "PYTHON"}}
    return subprocess.run(
        ["make", *arguments], cwd=checkout, env=inherited | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("goal", ["demo", "test", "lint"])
def test_an_interpreter_that_is_too_old_is_told_before_anything_is_made(checkout: Path, goal: str) -> None:
    ended = make(checkout, "PYTHON=./old", goal)
    assert ended.returncode != 0
    assert "certkit needs Python 3.11 or newer, and ./old is 3.9.6." in ended.stderr
    assert f"make PYTHON=python3.12 {goal}" in ended.stderr
    assert not (checkout / ".venv").exists()


def test_one_that_is_not_there_is_told(checkout: Path) -> None:
    assert "and ./nothing is not there." in make(checkout, "PYTHON=./nothing", "demo").stderr
    assert not (checkout / ".venv").exists()


def test_an_environment_of_one_that_is_too_old_is_made_anew(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / "old").rename(checkout / ".venv" / "bin" / "python")
    for name in ("python", "ready", "ready-to-test"):
        (checkout / ".venv" / name).touch()
    assert f"{sys.executable} -m venv .venv" in make(checkout, "-n", "demo", PYTHON=sys.executable).stdout


def test_one_that_works_is_kept_until_another_is_asked_for(checkout: Path) -> None:
    venv.create(checkout / ".venv", with_pip=False, symlinks=True)
    for name in ("python", "ready", "ready-to-test"):
        (checkout / ".venv" / name).touch()
    assert "-m venv" not in make(checkout, "-n", "demo", f"PYTHON={sys.executable}").stdout
    (checkout / "python3").symlink_to("old")
    assert "-m venv" not in make(checkout, "-n", "demo", PATH=f"{checkout}:{os.environ['PATH']}").stdout
    ended = make(checkout, "PYTHON=./old", "demo")
    assert "./old is 3.9.6" in ended.stderr
    assert (checkout / ".venv" / "bin" / "python").exists()
